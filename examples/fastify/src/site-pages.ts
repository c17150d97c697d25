import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Html, Settings, SiteLibrary } from 'manga-federation-example-shared'
import { mayBeManaged } from './admin-access.ts'
import { adminRoutes } from './admin-routes.ts'
import { layout, type SiteFacts } from './pages/layout.ts'
import { messagePage } from './pages/message-page.ts'
import { publicRoutes } from './public-routes.ts'

/** What the site's pages are made from. */
export interface SitePagesOptions {
  library: SiteLibrary
  settings: Settings
}

/** A page: what its tab says, what it shows, and which status it has when that is not 200. */
export interface SitePage {
  title: string
  content: Html
  status?: number
}

declare module 'fastify' {
  interface FastifyReply {
    /** Sends a page of the site in the site's layout. */
    page(page: SitePage): FastifyReply
  }
}

/** No script, no frame, no form to elsewhere: whatever slipped into a page could do nothing there. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"

/** All pages of the site, with their errors. They know nothing of the federation but where it is. */
export async function sitePages(app: FastifyInstance, { library, settings }: SitePagesOptions): Promise<void> {
  const site: SiteFacts = { serverName: settings.serverName, canBeManaged: mayBeManaged(settings) }

  app.decorateReply('page', function (this: FastifyReply, { title, content, status = 200 }: SitePage) {
    return this.code(status)
      .type('text/html; charset=utf-8')
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .send(layout(site, title, content).text)
  })
  app.setNotFoundHandler(notFound)
  app.setErrorHandler(failed)

  await app.register(publicRoutes, { library, site })
  await app.register(adminRoutes, { prefix: '/admin', library, settings })
}

function notFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.page({ status: 404, title: 'Not found', content: messagePage('There is no such page here.') })
}

function failed(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500
  if (status >= 500) request.log.error(error)
  const message = status < 500 ? error.message : 'Something went wrong. The reason is in the log of the site.'
  return reply.page({ status, title: STATUS_CODES[status] ?? 'Error', content: messagePage(message) })
}
