import type { HttpClient, HttpResponse } from '../egress/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseStrict } from '../json/index.ts'
import { MAX_HEAD_BYTES, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, parsePage, type ReceivedPage } from '../log/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { TakeMemory } from '../spare-memory.ts'
import type { LendablePage } from './page-thread.ts'

/** The time for a page (PROTOCOL section 11). */
const PAGE_TIMEOUT_MS = 60_000

/** A head as it was served. */
export interface ServedHead {
  readonly head: JsonValue
  readonly etag: string | undefined
}

/** A page as it was served. */
export interface ServedPage extends LendablePage {
  /**
   * Reads it.
   *
   * @throws FederationError `bad_response`; `unreachable` when it is lost.
   */
  read(): ReadPage
}

/** A page that begins where it was asked for. */
interface ReadPage extends ReceivedPage {
  readonly json: JsonObject
}

/** Where the log of a server is read: from that server, or from one that mirrors it. */
export interface LogSource {
  /** The server that hands it on; undefined when it is the log's own. */
  readonly relay: string | undefined
  /**
   * Asks for the head.
   *
   * @param etag - of the last one.
   * @returns undefined when it is still that one.
   * @throws FederationError what {@link HttpClient.request} throws; `bad_response`.
   */
  head(etag: string | undefined): Promise<ServedHead | undefined>
  /**
   * Asks for the page that begins at an entry. Throws as `head` does.
   *
   * @param memoryFor - memory for it, see `HttpRequestOptions`.
   */
  page(since: number, memoryFor?: TakeMemory): Promise<ServedPage>
}

/** The log of a server, read there. */
export function ownLogSource(serverName: string, client: HttpClient): LogSource {
  return logSource(serverName, undefined, `${serverName}/manga/log`, client)
}

/** The log of a server, read at another one. */
export function relayedLogSource(serverName: string, relay: string, client: HttpClient): LogSource {
  return logSource(relay, relay, `${relay}/manga/log/origin/${encodeServerNameSegment(serverName)}`, client)
}

function logSource(asked: string, relay: string | undefined, url: string, client: HttpClient): LogSource {
  const accept = { accept: 'application/json' }
  return {
    relay,
    async head(etag) {
      const headers = etag === undefined ? accept : { ...accept, 'if-none-match': etag }
      const response = await client.request('GET', `${url}/head`, { headers, maxBytes: MAX_HEAD_BYTES })
      if (response.status === 304) return undefined
      return { head: readAnswer(response, asked, 'the head of its log', parseStrict), etag: response.headers.etag }
    },
    async page(since, memoryFor) {
      const response = await client.request('GET', `${url}/entries?since=${since}&limit=${MAX_PAGE_ENTRIES}`, {
        headers: accept,
        maxBytes: MAX_PAGE_BYTES,
        timeoutMs: PAGE_TIMEOUT_MS,
        memoryFor,
      })
      return servedPage(bodyOf(response, asked, whatFollows(since)), asked, since)
    },
  }
}

function servedPage(body: Uint8Array, asked: string, since: number): ServedPage {
  const page: ServedPage = {
    bytes: body,
    read() {
      if (page.bytes) return readPage(page.bytes, asked, since)
      throw new FederationError(
        'unreachable',
        `${whatFollows(since)} of ${asked} was lost here. It is asked for again.`,
      )
    },
  }
  return page
}

function readPage(bytes: Uint8Array, asked: string, since: number): ReadPage {
  const page = parsed(bytes, asked, whatFollows(since), parsePage)
  const { json } = page
  if (isJsonObject(json) && json.start === since) return { ...page, json }
  throw new FederationError('bad_response', `${asked} did not answer with ${whatFollows(since)}.`)
}

function whatFollows(since: number): string {
  return `its log from entry ${since} on`
}

/**
 * Reads a JSON answer.
 *
 * @param what - was asked for.
 * @param parse - reads its body.
 * @throws FederationError `bad_response`.
 */
export function readAnswer<Answer>(
  response: HttpResponse,
  asked: string,
  what: string,
  parse: (bytes: Uint8Array) => Answer,
): Answer {
  return parsed(bodyOf(response, asked, what), asked, what, parse)
}

function parsed<Answer>(bytes: Uint8Array, asked: string, what: string, parse: (bytes: Uint8Array) => Answer): Answer {
  try {
    return parse(bytes)
  } catch (cause) {
    const message = `${asked} answered nonsense when asked for ${what}. ${reasonOf(cause)}`
    throw new FederationError('bad_response', message, { cause })
  }
}

function bodyOf({ status, body }: HttpResponse, asked: string, what: string): Uint8Array {
  if (status === 200) return body
  throw new FederationError('bad_response', `${asked} answered ${status} when asked for ${what}.`)
}
