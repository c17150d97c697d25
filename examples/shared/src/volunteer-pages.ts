import type { Federation } from '@manga-federation/core'
import { volunteersPage } from './pages/volunteers-page.ts'
import type { Fields } from './paging.ts'
import { SiteError } from './site-error.ts'
import type { SitePage } from './site-page.ts'

/** Where a site has the page. */
export const VOLUNTEERS_PATH = '/admin/volunteers'

/** Who serves the site's catalog too, and whose catalog the site serves. */
export async function volunteers(
  federation: Pick<Federation, 'loadBalancers' | 'volunteering' | 'link'>,
): Promise<SitePage> {
  const [balancers, volunteering, link] = await Promise.all([
    federation.loadBalancers.list(),
    federation.volunteering(),
    federation.link(),
  ])
  return { title: 'Volunteers', content: volunteersPage({ balancers, volunteering, link }) }
}

/**
 * Does what was asked with a button of the page.
 *
 * @throws SiteError with status 400 for what no button of the page says; FederationError `not_registered`,
 *   `too_many_load_balancers`.
 */
export async function decideOnVolunteer(
  { loadBalancers }: Pick<Federation, 'loadBalancers'>,
  body: Fields | undefined,
): Promise<void> {
  const { server, decision } = body ?? {}
  if (typeof server !== 'string' || (decision !== 'approve' && decision !== 'refuse')) {
    throw new SiteError(400, 'Choose a volunteer on the page, and approve or refuse it.')
  }
  await loadBalancers[decision](server)
}
