import { Readable } from 'node:stream'
import type { Federation, FederationResponse } from '@manga-federation/core'
import type { Next, ParameterizedContext } from 'koa'
import { ReceivedRequest } from './request.ts'

/** Hands a request to the federation and its response to Koa, at once where it is there at once. */
export function answer(federation: Federation, ctx: ParameterizedContext, next: Next): unknown {
  const response = federation.handle(new ReceivedRequest(ctx))
  if (response instanceof Promise) return response.then((settled) => send(ctx, settled))
  if (!response) return next()
  send(ctx, response)
  return undefined
}

function send({ req, response }: ParameterizedContext, { status, headers, body }: FederationResponse): void {
  response.status = status
  // Before the body, or Koa would look for its type and length.
  response.set(headers)
  // Koa would take an empty body of a HEAD for the length of the answer, and a missing one otherwise for a text.
  if (req.method !== 'HEAD') response.body = payloadOf(body)
}

const EMPTY = Buffer.alloc(0)

/** The same bytes as Koa wants them; what is served again and again is looked at once. */
const buffers = new WeakMap<Uint8Array, Buffer>()

/** What Koa sends as it is; streams are destroyed when the client goes away. */
function payloadOf(body: FederationResponse['body']): Buffer | Readable {
  if (body === undefined) return EMPTY
  if (!(body instanceof Uint8Array)) return Readable.from(body, { objectMode: false })
  const kept = buffers.get(body)
  if (kept) return kept
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  buffers.set(body, buffer)
  return buffer
}
