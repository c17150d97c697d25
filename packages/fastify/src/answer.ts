import { Readable } from 'node:stream'
import type { Federation, FederationResponse } from '@manga-federation/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readBody } from './body.ts'

/** Hands a request to the federation and its response to Fastify. */
export function answer(federation: Federation): (request: FastifyRequest, reply: FastifyReply) => unknown {
  return (request, reply) => {
    const response = federation.handle({
      method: request.method,
      target: request.raw.url ?? request.url,
      headers: request.headers,
      get clientAddress() {
        return request.ip
      },
      body: (maxBytes) => readBody(request.raw, maxBytes),
    })
    if (response instanceof Promise) return response.then((settled) => send(reply, settled))
    // Nothing is returned, so that Fastify has nothing to wait for.
    send(reply, response)
    return undefined
  }
}

/** Fastify's router decodes paths and core does not: what only looks like ours is the site's own 404. */
function send(reply: FastifyReply, response: FederationResponse | undefined): FastifyReply | void {
  if (!response) return reply.callNotFound()
  return reply.code(response.status).headers(response.headers).send(payloadOf(response.body))
}

/** The same bytes as Fastify wants them; what is served again and again is looked at once. */
const buffers = new WeakMap<Uint8Array, Buffer>()

/** Bytes, so that Fastify neither serializes nor adds a charset; streams are destroyed when the client goes away. */
function payloadOf(body: FederationResponse['body']): Buffer | Readable | undefined {
  if (body === undefined) return undefined
  if (!(body instanceof Uint8Array)) return Readable.from(body, { objectMode: false })
  const kept = buffers.get(body)
  if (kept) return kept
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  buffers.set(body, buffer)
  return buffer
}
