import { Readable } from 'node:stream'
import type { Federation, FederationResponse } from '@manga-federation/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ReceivedRequest } from './request.ts'

/** Hands a request to the federation and its response to Fastify. */
export function answer(federation: Federation): (request: FastifyRequest, reply: FastifyReply) => unknown {
  return (request, reply) => {
    const response = federation.handle(new ReceivedRequest(request))
    if (response instanceof Promise) return response.then((settled) => send(reply, settled))
    // Nothing is returned, so that Fastify has nothing to wait for.
    send(reply, response)
    return undefined
  }
}

/** Fastify's router decodes paths and core does not: what only looks like ours is the site's own 404. */
function send(reply: FastifyReply, response: FederationResponse | undefined): FastifyReply | void {
  if (!response) return reply.callNotFound()
  const { status, headers, body } = response
  // Bytes and streams, so that Fastify neither serializes nor adds a charset. A client that goes away ends the stream.
  const payload = body && !(body instanceof Uint8Array) ? Readable.from(body, { objectMode: false }) : body
  return reply.code(status).headers(headers).send(payload)
}
