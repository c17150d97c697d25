import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Federation, FederationResponse } from '@manga-federation/core'
import { type ExpressRequest, ReceivedRequest } from './request.ts'

/** Hands a request to the federation and writes its response, at once where it is there at once. */
export function answer(
  federation: Federation,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const answered = federation.handle(new ReceivedRequest(request))
  // Express 4 does not look at promises.
  if (answered instanceof Promise) answered.then((settled) => write(response, settled, next)).catch(next)
  else if (answered) write(response, answered, next)
  else next()
}

function write(
  response: ServerResponse,
  { status, headers, body }: FederationResponse,
  next: (error?: unknown) => void,
): void {
  response.writeHead(status, headers)
  if (body === undefined || body instanceof Uint8Array) response.end(body)
  else
    pipeline(Readable.from(body, { objectMode: false }), response)
      .catch(unlessClientLeft)
      .catch(next)
}

/** A client that goes away ends the stream, and is nobody's fault. */
function unlessClientLeft(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
}
