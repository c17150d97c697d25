import { systemEnvironment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { handOver, readBody, refuseClaimedLength, tooLarge } from './bounded-body.ts'
import {
  DEFAULT_TIMEOUT_MS,
  type HttpClient,
  type HttpClientOptions,
  type HttpMethod,
  type HttpRequestOptions,
  type HttpResponse,
  type HttpStreamOptions,
  isReading,
} from './http-client.ts'
import { type TransferWatch, watchIdle, watchTransfer, whenAborted } from './transfer-watch.ts'
import { permittedUrl } from './url-policy.ts'

/**
 * Makes the client of browsers and React Native, over `fetch`. There the platform resolves names and follows
 * redirects, so it has these limits: addresses behind names are the platform's to check, where a redirect led is
 * checked only before the answer is read, and a redirect of a PUT, POST or DELETE is `unreachable`.
 */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { environment = systemEnvironment, ...policy } = options
  const underWay = new Set<TransferWatch>()
  let isClosed = false

  /** Does the work, which ends with the watch. */
  async function watched(url: URL, watch: TransferWatch, work: () => Promise<HttpResponse>): Promise<HttpResponse> {
    underWay.add(watch)
    try {
      // Not every platform's fetch ends with its signal.
      return await Promise.race([work(), whenAborted(watch.signal)])
    } catch (thrown) {
      if (thrown instanceof FederationError) throw thrown
      throw new FederationError('unreachable', `${url.origin} could not be reached: ${reasonOf(thrown)}.`, {
        cause: thrown,
      })
    } finally {
      underWay.delete(watch)
      watch.end(closed())
    }
  }

  return {
    async request(method, url, call) {
      if (isClosed) throw closed()
      const first = permittedUrl(url, policy)
      const watch = watchTransfer(environment, call.timeoutMs ?? DEFAULT_TIMEOUT_MS)
      return watched(first, watch, async () => {
        const answer = await ask({ method, url: first, call, redirect: isReading(method) ? 'follow' : 'error', watch })
        permittedUrl(answer.url, policy)
        return read(method, answer, call.maxBytes, watch)
      })
    },
    async stream(url, call) {
      if (isClosed) throw closed()
      const permitted = permittedUrl(url, policy)
      const watch = watchIdle(environment, call.idleMs, call.signal)
      return watched(permitted, watch, async () => {
        const answer = await ask({ method: 'GET', url: permitted, call, redirect: 'error', watch })
        return passOn(answer, call, watch)
      })
    },
    async close() {
      isClosed = true
      for (const watch of underWay) watch.end(closed())
    },
  }
}

function closed(): FederationError {
  return new FederationError('closed', 'The client is closed.')
}

/** One request on its way. */
interface Question {
  readonly method: HttpMethod
  readonly url: URL
  readonly call: Pick<HttpRequestOptions, 'headers' | 'body'>
  readonly redirect: 'follow' | 'error'
  readonly watch: TransferWatch
}

function ask({ method, url, call, redirect, watch }: Question): Promise<Response> {
  return fetch(url, {
    method,
    headers: { ...call.headers },
    body: call.body === undefined ? null : new Uint8Array(call.body),
    redirect,
    credentials: 'omit',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    signal: watch.signal,
  })
}

async function read(
  method: HttpMethod,
  answer: Response,
  maxBytes: number,
  watch: TransferWatch,
): Promise<HttpResponse> {
  const headers = plainHeaders(answer)
  if (method !== 'HEAD') refuseClaimedLength(headers['content-length'], maxBytes)
  return { status: answer.status, headers, url: answer.url, body: await bodyOf(answer, maxBytes, watch) }
}

/** React Native's fetch has no stream: there nothing can be handed over before the end, and polling has to do. */
async function passOn(answer: Response, call: HttpStreamOptions, watch: TransferWatch): Promise<HttpResponse> {
  if (answer.status === 200 && answer.body) await handOver(chunksOf(answer.body), call, watch)
  return { status: answer.status, headers: plainHeaders(answer), url: answer.url, body: new Uint8Array() }
}

function plainHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name !== 'set-cookie'))
}

/** React Native's fetch has no stream: there the cap can only be checked when all is read. */
async function bodyOf(answer: Response, maxBytes: number, watch: TransferWatch): Promise<Uint8Array> {
  if (answer.body) return readBody(chunksOf(answer.body), undefined, maxBytes, watch)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
  return bytes
}

/** Safari's streams cannot be iterated over. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
}
