import type { Response } from 'express'
import { renderPage, type SiteFacts, type SitePage } from 'manga-federation-example-shared'

/** Answers with a page of the blog in the blog's layout. */
export function sendPage(response: Response, site: SiteFacts, page: SitePage): void {
  const { status, headers, body } = renderPage(site, page)
  response.status(status).set(headers).send(body)
}
