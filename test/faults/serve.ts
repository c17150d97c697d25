import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { type Federation, readRequestBody } from '@manga-federation/core'

/** Serves a federation without a framework, on a free port of loopback. */
export async function serve(federation: Pick<Federation, 'handle'>): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    // A client that went away in the middle of an answer wants no more of it.
    answer(federation, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return { server, port: (server.address() as AddressInfo).port }
}

async function answer(
  federation: Pick<Federation, 'handle'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url: target = '', headers } = request
  const body = (maxBytes: number): Promise<Uint8Array> => readRequestBody(request, headers, maxBytes)
  const answered = await federation.handle({ method, target, headers, clientAddress: '127.0.0.1', body })
  response.writeHead(answered?.status ?? 404, answered?.headers)
  if (answered?.body === undefined || answered.body instanceof Uint8Array) response.end(answered?.body)
  else await pipeline(answered.body, response)
}
