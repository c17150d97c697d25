import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Federation } from '@manga-federation/core'
import { readBody } from './body.ts'
import type { ExpressRequest } from './request.ts'

/** Hands a request to the federation and writes its response; rejects when that fails. */
export async function answer(
  federation: Federation,
  request: ExpressRequest,
  response: ServerResponse,
  next: () => void,
): Promise<void> {
  const answered = await federation.handle({
    method: request.method ?? 'GET',
    target: request.originalUrl,
    headers: request.headers,
    get clientAddress() {
      return request.ip ?? ''
    },
    body: (maxBytes) => readBody(request, maxBytes),
  })
  if (!answered) return next()
  const { status, headers, body } = answered
  response.writeHead(status, headers)
  if (body === undefined || body instanceof Uint8Array) response.end(body)
  else await pipeline(Readable.from(body, { objectMode: false }), response).catch(unlessClientLeft)
}

/** A client that goes away ends the stream, and is nobody's fault. */
function unlessClientLeft(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
}
