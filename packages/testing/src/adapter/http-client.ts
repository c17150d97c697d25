import { once } from 'node:events'
import http from 'node:http'

/** One request and its answer, whole. */
export interface Exchange {
  readonly method: string
  /** The raw target. */
  readonly target: string
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** What to send besides method and target. */
export interface Sending {
  readonly headers?: http.OutgoingHttpHeaders
  /** One piece is sent with its length, several are sent chunked. */
  readonly body?: readonly Uint8Array[]
}

/** Sends a request whose target goes over the wire as it is, on a connection of its own. */
export async function exchange(url: string, method: string, target: string, sending: Sending = {}): Promise<Exchange> {
  const { headers = {}, body = [] } = sending
  // Kept alive, so that a server that refuses a long body early can still be heard; and ended by us.
  const agent = new http.Agent({ keepAlive: true })
  try {
    const framing = framingOf(body)
    const request = openRequest(url, method, target, { ...headers, ...framing }, agent)
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>
    for (const piece of body) request.write(piece)
    request.end()
    return await readAnswer(method, target, await answered)
  } finally {
    agent.destroy()
  }
}

/** Begins a request; the caller ends or destroys it, and hears of errors until then by its events. */
export function openRequest(
  url: string,
  method: string,
  target: string,
  headers: http.OutgoingHttpHeaders = {},
  agent: http.Agent | false = false,
): http.ClientRequest {
  const { hostname, port } = new URL(url)
  const request = http.request({ hostname, port, method, path: target, headers, agent })
  // What fails before the answer rejects the wait for it; what fails after it was cut by us.
  return request.on('error', () => {})
}

async function readAnswer(
  method: string,
  target: string,
  [response]: readonly [http.IncomingMessage],
): Promise<Exchange> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const { statusCode: status = 0, headers } = response
  return { method, target, status, headers, body: Buffer.concat(chunks) }
}

function framingOf(body: readonly Uint8Array[]): http.OutgoingHttpHeaders {
  const [first] = body
  if (first === undefined) return {}
  return body.length === 1 ? { 'content-length': first.byteLength } : { 'transfer-encoding': 'chunked' }
}
