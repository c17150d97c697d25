import type Koa from 'koa'
import type { Middleware } from 'koa'
import {
  errorPage,
  type MirroredPages,
  NOT_FOUND_PAGE,
  siteFacts,
  type Settings,
  type SiteFacts,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import { adminRoutes } from './admin-routes.ts'
import { LOOK } from './look.ts'
import { publicRoutes } from './public-routes.ts'
import { sendPage } from './send-page.ts'
import { verifyRoutes } from './verify-routes.ts'

/** What the site's pages are made from. */
export interface SitePagesOptions {
  library: SiteLibrary
  mirrored: MirroredPages
  settings: Settings
}

/** Mounts all pages of the site, with their errors. */
export async function mountSitePages(app: Koa, { library, mirrored, settings }: SitePagesOptions): Promise<void> {
  const site = siteFacts(LOOK, settings)
  app.use(errorPages(site))
  app.use((await publicRoutes(library, mirrored, site)).routes())
  app.use(adminRoutes({ library, settings, site }).routes())
  app.use(verifyRoutes({ settings, site }).routes())
}

/** Shows what went wrong below it as a page, and what nobody answered as a page that is not there. */
function errorPages(site: SiteFacts): Middleware {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && !ctx.body) sendPage(ctx, site, NOT_FOUND_PAGE)
    } catch (error) {
      const page = errorPage(error)
      if (page.status >= 500) ctx.app.emit('error', error, ctx)
      sendPage(ctx, site, page)
    }
  }
}
