import type { HttpClient, HttpResponse } from '../egress/index.ts'
import { FederationError } from '../errors.ts'
import type { ObjectKind } from '../store/index.ts'

/** Objects that a page is asked to have; a server that has no pages sends everything. */
const PAGE_OBJECTS = 1000

/** What a server without pages may send at once: some 30,000 series of 2 KiB. */
const MAX_LISTING_BYTES = 64 * 1024 * 1024

/** As long as a page of the log may take (PROTOCOL section 11). */
const LISTING_TIMEOUT_MS = 60_000

/** The target of a link whose relation is `next` (RFC 8288, section 3). */
const NEXT_LINK = /<([^<>]*)>[^<,]*;\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)/i

/** Which listing is meant: all series, or the chapters of one. */
export interface Listing {
  readonly kind: ObjectKind
  readonly seriesId: string | undefined
}

/** What a server says to a question for a listing. */
export type ListingAnswer =
  /** It is what the ETag named. */
  | { readonly outcome: 'unchanged' }
  /** There is no such listing (404, 410). */
  | { readonly outcome: 'unknown' }
  | {
      readonly outcome: 'objects'
      /** A JSON array, not looked at yet. */
      readonly body: Uint8Array
      readonly etag: string | undefined
      /** The URL of the next page. */
      readonly next: string | undefined
    }

/** The URL at which a server has a listing of its own (PROTOCOL section 6.2). */
export function listingUrl(serverName: string, { kind, seriesId }: Listing): string {
  if (kind === 'series' || seriesId === undefined) return `${serverName}/manga/series?limit=${PAGE_OBJECTS}`
  return `${serverName}/manga/chapters?${new URLSearchParams({ series_id: seriesId, limit: String(PAGE_OBJECTS) })}`
}

/**
 * Asks a server for a listing, or for a further page of one.
 *
 * @param etag - of what is held.
 * @throws FederationError `bad_response` for any other status than 200, 304, 404 and 410, and what the client throws.
 */
export async function askForListing(
  client: HttpClient,
  serverName: string,
  url: string,
  etag: string | undefined,
): Promise<ListingAnswer> {
  const headers = { accept: 'application/json', ...(etag === undefined ? {} : { 'if-none-match': etag }) }
  const answer = await client.request('GET', url, {
    headers,
    maxBytes: MAX_LISTING_BYTES,
    timeoutMs: LISTING_TIMEOUT_MS,
  })
  if (answer.status === 304 && etag !== undefined) return { outcome: 'unchanged' }
  if (answer.status === 404 || answer.status === 410) return { outcome: 'unknown' }
  if (answer.status !== 200) {
    throw new FederationError('bad_response', `${url} was answered with status ${answer.status}.`)
  }
  return { outcome: 'objects', body: answer.body, etag: answer.headers.etag, next: nextPage(answer, serverName) }
}

/**
 * The URL of the page that follows, if the answer names one.
 *
 * @throws FederationError `bad_response` when the link leads away from the server.
 */
export function nextPage({ headers, url }: HttpResponse, serverName: string): string | undefined {
  const target = NEXT_LINK.exec(headers.link ?? '')?.[1]
  if (target === undefined) return undefined
  const next = URL.canParse(target, url) ? new URL(target, url).href : target
  if (next.startsWith(`${serverName}/manga/`)) return next
  throw new FederationError('bad_response', `The listing at ${url} goes on at ${next}, which is not of ${serverName}.`)
}
