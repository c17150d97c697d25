import { lookup } from 'node:dns/promises'
import type { Dispatcher } from 'undici'
import { systemEnvironment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { handOver, readBody, refuseClaimedLength } from './bounded-body.ts'
import { guardedConnector, type Resolver } from './connector.ts'
import {
  DEFAULT_TIMEOUT_MS,
  type HttpClient,
  type HttpClientOptions,
  type HttpMethod,
  type HttpRequestOptions,
  type HttpResponse,
  type HttpStreamOptions,
} from './http-client.ts'
import { nextUrl, redirectLocation } from './redirects.ts'
import { abortedWith, type TransferWatch, watchIdle, watchTransfer, whenAborted } from './transfer-watch.ts'
import { Agent, errors, request } from './undici-parts.ts'
import { permittedUrl } from './url-policy.ts'

/** Status line and headers of an answer, in bytes; also Node's own default for what it receives. */
const MAX_HEADER_BYTES = 16 * 1024

/** To one origin at a time; further requests wait within their own time limit. */
const MAX_CONNECTIONS_PER_ORIGIN = 4

/** Origins that have a connection at a time. What may be asked of whom is limited above; this bounds the sockets. */
const MAX_ORIGINS = 1024

/** An idle connection is kept this long, whatever its server proposes: enough for a page after a page. */
const KEEP_ALIVE_MS = 4_000

const NO_BYTES: Uint8Array = new Uint8Array()

/** One request on its way. */
interface Question {
  readonly agent: Dispatcher
  readonly method: HttpMethod
  readonly url: URL
  readonly call: Pick<HttpRequestOptions, 'headers' | 'body'>
  readonly watch: TransferWatch
}

/** Options of the client on Node. */
export interface NodeHttpClientOptions extends HttpClientOptions {
  /** How names become addresses. Default: as for every other program on the machine (`getaddrinfo`). */
  readonly resolve?: Resolver | undefined
  /** Certificate authorities to trust in place of those that come with Node, in PEM. */
  readonly authorities?: string | undefined
}

/** Makes the guarded client of Node (PROTOCOL section 11), which checks every address that it dials. */
export function createHttpClient(options: NodeHttpClientOptions = {}): HttpClient {
  const { environment = systemEnvironment, resolve = resolveBySystem, authorities, ...policy } = options
  const agent = new Agent({
    connect: guardedConnector({ policy, resolve, environment, authorities }),
    connections: MAX_CONNECTIONS_PER_ORIGIN,
    maxOrigins: MAX_ORIGINS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The watch over the whole transfer is stricter than these.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  async function follow(
    method: HttpMethod,
    first: URL,
    call: HttpRequestOptions,
    watch: TransferWatch,
  ): Promise<HttpResponse> {
    const visited: URL[] = []
    for (let url = first; ;) {
      visited.push(url)
      const response = await exchange(agent, method, url, call, watch)
      const location = redirectLocation(method, response)
      if (location === undefined) return response
      url = nextUrl(location, visited, policy)
    }
  }

  return {
    async request(method, url, call) {
      const first = permittedUrl(url, policy)
      const watch = watchTransfer(environment, call.timeoutMs ?? DEFAULT_TIMEOUT_MS)
      try {
        return await follow(method, first, call, watch)
      } catch (thrown) {
        throw refusal(thrown, first)
      } finally {
        watch.end(new FederationError('closed', 'The request is over.'))
      }
    },
    async stream(url, call) {
      const permitted = permittedUrl(url, policy)
      const watch = watchIdle(environment, call.idleMs, call.signal)
      try {
        return await passOn(agent, permitted, call, watch)
      } catch (thrown) {
        throw refusal(thrown, permitted)
      } finally {
        watch.end(new FederationError('closed', 'The stream is over.'))
      }
    },
    async close() {
      await agent.destroy()
    },
  }
}

/** One request and its answer. A redirect that will be followed is returned without its body. */
async function exchange(
  agent: Dispatcher,
  method: HttpMethod,
  url: URL,
  call: HttpRequestOptions,
  watch: TransferWatch,
): Promise<HttpResponse> {
  return ask({ agent, method, url, call, watch }, async (response, chunks) => {
    if (redirectLocation(method, response) !== undefined) return response
    refuseEncoding(response)
    const contentLength = response.headers['content-length']
    if (method !== 'HEAD') refuseClaimedLength(contentLength, call.maxBytes)
    return { ...response, body: await readBody(chunks, contentLength, call.maxBytes, watch, call.memoryFor) }
  })
}

/** One request and its answer, whose body is handed over as it comes. */
async function passOn(
  agent: Dispatcher,
  url: URL,
  call: HttpStreamOptions,
  watch: TransferWatch,
): Promise<HttpResponse> {
  return ask({ agent, method: 'GET', url, call, watch }, async (response, chunks) => {
    refuseEncoding(response)
    if (response.status === 200) await handOver(chunks, call, watch)
    return response
  })
}

/** Sends a request, and reads as much of the answer as `read` does. */
async function ask(
  { agent, method, url, call, watch }: Question,
  read: (response: HttpResponse, chunks: AsyncIterable<Uint8Array>) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const { signal, abort } = abortedWith(watch.signal)
  try {
    const answering = request(agent, url, {
      method,
      // A body that is not compressed cannot grow when it is opened, so its cap on the wire is its cap in memory.
      headers: { ...call.headers, 'accept-encoding': 'identity' },
      body: call.body ?? null,
      signal,
    })
    // undici hears the signal only once a connection is there.
    const answer = await Promise.race([answering, whenAborted(signal)])
    const headers = plainHeaders(answer.headers)
    return await read({ status: answer.statusCode, headers, url: url.href, body: NO_BYTES }, answer.body)
  } finally {
    // Whatever of the answer was not read is not wanted.
    abort()
  }
}

function refuseEncoding({ headers, url }: HttpResponse): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw new FederationError(
    'bad_response',
    `${new URL(url).origin} compressed its answer although it was asked not to.`,
  )
}

/** One text a header. Cookies are dropped here, so that nothing above can keep one. */
function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => name !== 'set-cookie')
  return Object.fromEntries(kept.map(([name, value]) => [name, [value].flat().join(', ')]))
}

async function resolveBySystem(hostname: string): Promise<string[]> {
  const answers = await lookup(hostname, { all: true })
  return answers.map(({ address }) => address)
}

/** Whatever went wrong, as one of the codes that {@link HttpClient.request} promises. */
function refusal(thrown: unknown, { origin }: URL): FederationError {
  if (thrown instanceof FederationError) return thrown
  const [code, what] = classify(thrown)
  // Node's AggregateError, when several addresses were tried in vain, has no message of its own.
  const reason = reasonOf(thrown) || 'none of its addresses answered'
  return new FederationError(code, `${origin} ${what}: ${reason}.`, { cause: thrown })
}

function classify(thrown: unknown): ['closed' | 'response_too_large' | 'bad_response' | 'unreachable', string] {
  if (thrown instanceof errors.ClientDestroyedError) return ['closed', 'was not asked, the client is closed']
  if (thrown instanceof errors.HeadersOverflowError) return ['response_too_large', 'sent too many headers']
  if (thrown instanceof errors.HTTPParserError || thrown instanceof errors.ResponseContentLengthMismatchError) {
    return ['bad_response', 'did not answer in proper HTTP']
  }
  return ['unreachable', 'could not be reached']
}
