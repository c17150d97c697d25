import type { Environment } from '../environment.ts'
import type { TakeMemory } from '../spare-memory.ts'

/** How long a request may take in all, redirects included, where its caller says nothing (PROTOCOL section 11). */
export const DEFAULT_TIMEOUT_MS = 10_000

/** What is allowed beyond `https` on ports 443 and 80 to global unicast addresses (PROTOCOL section 11). */
export interface EgressPolicy {
  /** Let plain `http` and loopback addresses through, and nothing else: for tests and demonstrations. Default: false. */
  readonly allowInsecure?: boolean | undefined
  /** Ports besides 443 and 80. `any` lets a stranger's URL make this server knock on every port. Default: none. */
  readonly allowedPorts?: readonly number[] | 'any' | undefined
}

/** Options of every client. */
export interface HttpClientOptions extends EgressPolicy {
  /** The timers. Default: those of the machine. */
  readonly environment?: Environment | undefined
}

/** The methods that servers use towards each other. */
export type HttpMethod = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'

/** Methods that change nothing. Only their redirects are followed (PROTOCOL section 11). */
export function isReading(method: HttpMethod): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** One request, besides its method and URL. */
export interface HttpRequestOptions {
  /** Lower-case names. Sent again on every redirect, so never a secret. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
  /** The longest body that is read. A longer one is refused before it is read, or as soon as it shows. */
  readonly maxBytes: number
  /**
   * Memory for the body, so many bytes or more, which are read into its beginning. A client may do without. Default: new
   * memory.
   */
  readonly memoryFor?: TakeMemory | undefined
  /** From the call to the last byte, redirects included, in milliseconds. Default: {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeoutMs?: number | undefined
}

/** An answer, read to its end. */
export interface HttpResponse {
  /** Any final status; a redirect only where it was not to be followed. */
  readonly status: number
  /** Lower-case names; a header that came several times is joined by `, `. No cookies. */
  readonly headers: Readonly<Record<string, string>>
  /** In memory of its own. */
  readonly body: Uint8Array
  /** Where it came from, after redirects. */
  readonly url: string
}

/** A reading of an answer that goes on, as server-sent events do. */
export interface HttpStreamOptions extends Pick<HttpRequestOptions, 'headers' | 'maxBytes'> {
  /** The stream is ended when nothing came for so long, its beginning included, in milliseconds. */
  readonly idleMs: number
  /** Ends the stream, with its reason. */
  readonly signal: AbortSignal
  /** Takes what came, as it came. Called only when the status is 200. */
  onChunk(chunk: Uint8Array): void
}

/** The one way to another server: every request to one goes through a client like this (PROTOCOL section 11). */
export interface HttpClient {
  /**
   * Asks another server and reads its answer whole. Redirects of GET and HEAD are followed at most 3 times, each
   * checked like the first URL, never from https to http and never to a URL already seen; others are returned.
   *
   * Every refusal has status 502, so an outsider sees none of its detail; that stands in `message` and `cause`.
   *
   * @param url - absolute, without user info.
   * @throws FederationError `address_not_allowed` when the URL or an address of its host may not be asked;
   *   `unreachable` when no connection came about or it broke; `too_slow` past `timeoutMs`, or below 1 KiB/s for 20 s;
   *   `response_too_large` for a body over `maxBytes` or headers over their cap; `bad_response` for an answer that is
   *   not proper HTTP, is compressed although identity was asked for, or redirects without end; `closed` after
   *   {@link HttpClient.close}.
   */
  request(method: HttpMethod, url: string, options: HttpRequestOptions): Promise<HttpResponse>
  /**
   * Asks another server with GET for an answer that goes on, and hands it over while it comes. No redirect is followed.
   *
   * @returns the answer without its body once that has ended, or at once when its status is not 200.
   * @throws FederationError as {@link HttpClient.request} does; `too_slow` when nothing came for `idleMs`, and the
   *   signal's reason.
   */
  stream(url: string, options: HttpStreamOptions): Promise<HttpResponse>
  /** Ends what is under way and closes all connections. */
  close(): Promise<void>
}
