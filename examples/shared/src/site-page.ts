import { STATUS_CODES } from 'node:http'
import { html, type Html } from './html.ts'
import { layout, type SiteFacts } from './pages/layout.ts'
import { SiteError } from './site-error.ts'

/** A page: what its tab says, what it shows, and what its answer has besides. */
export interface SitePage {
  title: string
  content: Html
  /** Default is 200. */
  status?: number
  headers?: Readonly<Record<string, string>>
}

/** A page as it is sent. */
export interface RenderedPage {
  status: number
  headers: Record<string, string>
  body: string
}

/** No script, no frame, no form to elsewhere: whatever slipped into a page could do nothing there. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"

/** Puts a page into the site's frame. */
export function renderPage(site: SiteFacts, { title, content, status = 200, headers }: SitePage): RenderedPage {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      ...headers,
    },
    body: layout(site, title, content).text,
  }
}

/** What is shown where the site has no page. */
export const NOT_FOUND_PAGE: SitePage = {
  status: 404,
  title: 'Not found',
  content: message('There is no such page here.'),
}

/** What is shown for an error of the site or of its framework; what went wrong inside stays inside. */
export function errorPage(error: unknown): SitePage & { status: number } {
  const status = statusOf(error)
  const text =
    status < 500 && error instanceof Error
      ? error.message
      : 'Something went wrong. The reason is in the log of the site.'
  return {
    status,
    title: STATUS_CODES[status] ?? 'Error',
    content: message(text),
    ...(error instanceof SiteError && { headers: error.headers }),
  }
}

/** The frameworks' own errors carry their status as `status`, `statusCode` or both. */
function statusOf(error: unknown): number {
  const { status, statusCode = status } = error as { status?: unknown; statusCode?: unknown }
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 600 ? statusCode : 500
}

function message(text: string): Html {
  return html`<p class="message">${text}</p>
    <p><a href="/">Back to the front page</a></p>`
}
