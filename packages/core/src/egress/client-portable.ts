import { systemEnvironment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { readBody, refuseClaimedLength, tooLarge } from './bounded-body.ts'
import {
  DEFAULT_TIMEOUT_MS,
  type HttpClient,
  type HttpClientOptions,
  type HttpMethod,
  type HttpRequestOptions,
  type HttpResponse,
  isReading,
} from './http-client.ts'
import { type TransferWatch, watchTransfer, whenAborted } from './transfer-watch.ts'
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

  return {
    async request(method, url, call) {
      if (isClosed) throw closed()
      const first = permittedUrl(url, policy)
      const watch = watchTransfer(environment, call.timeoutMs ?? DEFAULT_TIMEOUT_MS)
      underWay.add(watch)
      try {
        const answering = ask(method, first, call, watch).then((answer) => {
          permittedUrl(answer.url, policy)
          return read(method, answer, call.maxBytes, watch)
        })
        // Not every platform's fetch ends with its signal.
        return await Promise.race([answering, whenAborted(watch.signal)])
      } catch (thrown) {
        if (thrown instanceof FederationError) throw thrown
        throw new FederationError('unreachable', `${first.origin} could not be reached: ${reasonOf(thrown)}.`, {
          cause: thrown,
        })
      } finally {
        underWay.delete(watch)
        watch.end(closed())
      }
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

function ask(method: HttpMethod, url: URL, call: HttpRequestOptions, watch: TransferWatch): Promise<Response> {
  return fetch(url, {
    method,
    headers: { ...call.headers },
    body: call.body === undefined ? null : new Uint8Array(call.body),
    redirect: isReading(method) ? 'follow' : 'error',
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
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'set-cookie'))
  if (method !== 'HEAD') refuseClaimedLength(headers['content-length'], maxBytes)
  return { status: answer.status, headers, url: answer.url, body: await bodyOf(answer, maxBytes, watch) }
}

/** React Native's fetch has no stream: there the cap can only be checked when all is read. */
async function bodyOf(answer: Response, maxBytes: number, watch: TransferWatch): Promise<Uint8Array> {
  if (answer.body) return readBody(chunksOf(answer.body), maxBytes, watch)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
  return bytes
}

/** Safari's streams cannot be iterated over. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
}
