import type { IncomingMessage } from 'node:http'
import { FederationError, readRequestBody } from '@manga-federation/core'

/**
 * The raw bytes of a request's body. Content type parsers do not reach it; hooks that read the raw request do.
 *
 * @throws FederationError `body_too_large`, `body_encoding`, `body_incomplete`, `body_already_parsed`.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (!request.readableDidRead) {
    const chunks = request.iterator({ destroyOnReturn: false })
    // What a refusal left unread would hold up the connection, and with it the closing of the site.
    return readRequestBody(chunks, request.headers, maxBytes).finally(() => request.resume())
  }
  throw new FederationError(
    'body_already_parsed',
    'On this Fastify site an onRequest or preParsing hook, as fastify-raw-body adds one with global: true, read the ' +
      'body of the request before the federation, which verifies its exact bytes. Add the hook inside the plugin whose ' +
      'routes need it, or let it pass over the paths in app.mangaFederation.routes.',
  )
}
