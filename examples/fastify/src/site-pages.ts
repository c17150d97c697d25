import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  errorPage,
  NOT_FOUND_PAGE,
  renderPage,
  siteFacts,
  type Settings,
  type SiteLibrary,
  type SitePage,
} from 'manga-federation-example-shared'
import { adminRoutes } from './admin-routes.ts'
import { LOOK } from './look.ts'
import { publicRoutes } from './public-routes.ts'
import { verifyRoutes } from './verify-routes.ts'

/** What the site's pages are made from. */
export interface SitePagesOptions {
  library: SiteLibrary
  settings: Settings
}

declare module 'fastify' {
  interface FastifyReply {
    /** Sends a page of the site in the site's layout. */
    page(page: SitePage): FastifyReply
  }
}

/** All pages of the site, with their errors. They know nothing of the federation but where it is. */
export async function sitePages(app: FastifyInstance, { library, settings }: SitePagesOptions): Promise<void> {
  const site = siteFacts(LOOK, settings)

  app.decorateReply('page', function (this: FastifyReply, page: SitePage) {
    const { status, headers, body } = renderPage(site, page)
    return this.code(status).headers(headers).send(body)
  })
  app.setNotFoundHandler((_request, reply) => reply.page(NOT_FOUND_PAGE))
  app.setErrorHandler(failed)

  await app.register(publicRoutes, { library, site })
  await app.register(adminRoutes, { prefix: '/admin', library, settings })
  await app.register(verifyRoutes, { prefix: '/verify', settings })
}

function failed(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const page = errorPage(error)
  if (page.status >= 500) request.log.error(error)
  return reply.page(page)
}
