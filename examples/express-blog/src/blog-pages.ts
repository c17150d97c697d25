import { Router, type ErrorRequestHandler } from 'express'
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
import type { Blog } from './blog.ts'
import { LOOK } from './look.ts'
import { publicRoutes } from './public-routes.ts'
import { sendPage } from './send-page.ts'
import { verifyRoutes } from './verify-routes.ts'

/** What the blog's pages are made from. */
export interface BlogPagesOptions {
  library: SiteLibrary
  blog: Blog
  mirrored: MirroredPages
  settings: Settings
}

/** All pages of the blog, with their errors. */
export async function blogPages({ library, blog, mirrored, settings }: BlogPagesOptions): Promise<Router> {
  const site = siteFacts(LOOK, settings)
  const router = Router()
  router.use(await publicRoutes({ library, blog, mirrored, site }))
  router.use('/admin', adminRoutes({ library, blog, settings, site }))
  router.use('/verify', verifyRoutes({ settings, site }))
  router.use((_request, response) => sendPage(response, site, NOT_FOUND_PAGE))
  router.use(errorPages(site))
  return router
}

/** Shows what went wrong as a page. Express knows a handler of errors by its four parameters. */
function errorPages(site: SiteFacts): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const page = errorPage(error)
    if (page.status >= 500) console.error(error)
    sendPage(response, site, page)
  }
}
