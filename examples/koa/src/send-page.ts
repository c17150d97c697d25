import type { Context } from 'koa'
import { renderPage, type SiteFacts, type SitePage } from 'manga-federation-example-shared'

/** Answers with a page of the site in the site's layout. */
export function sendPage(ctx: Context, site: SiteFacts, page: SitePage): void {
  const { status, headers, body } = renderPage(site, page)
  ctx.status = status
  ctx.set(headers)
  ctx.body = body
}
