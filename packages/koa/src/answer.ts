import { Readable } from 'node:stream'
import type { Federation, FederationResponse } from '@manga-federation/core'
import type { Next, ParameterizedContext } from 'koa'
import { readBody } from './body.ts'

/** Hands a request to the federation and its response to Koa, at once where it is there at once. */
export function answer(federation: Federation, ctx: ParameterizedContext, next: Next): unknown {
  const response = federation.handle({
    method: ctx.method,
    target: ctx.originalUrl,
    headers: ctx.headers,
    get clientAddress() {
      return ctx.ip
    },
    body: (maxBytes) => readBody(ctx, maxBytes),
  })
  if (response instanceof Promise) return response.then((settled) => send(ctx, settled))
  if (!response) return next()
  send(ctx, response)
  return undefined
}

function send(ctx: ParameterizedContext, response: FederationResponse): void {
  ctx.status = response.status
  // Koa would take an empty body of a HEAD for the length of the answer, and a missing one otherwise for a text.
  if (ctx.method !== 'HEAD') ctx.body = payloadOf(response.body)
  ctx.set(response.headers)
}

/** What Koa sends as it is; streams are destroyed when the client goes away. */
function payloadOf(body: FederationResponse['body']): Buffer | Readable {
  if (body === undefined) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return Readable.from(body, { objectMode: false })
}
