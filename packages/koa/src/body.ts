import { Readable } from 'node:stream'
import { FederationError, readRequestBody } from '@manga-federation/core'
import type { ParameterizedContext } from 'koa'

/**
 * The raw bytes of a request's body, also behind a parser that kept them.
 *
 * @throws FederationError `body_too_large`, `body_encoding`, `body_incomplete`, `body_already_parsed`.
 */
export async function readBody({ req, request }: ParameterizedContext, maxBytes: number): Promise<Uint8Array> {
  if (!req.readableDidRead) {
    // What a refusal left unread would hold up the connection, and with it the closing of the site.
    return readRequestBody(req.iterator({ destroyOnReturn: false }), req.headers, maxBytes).finally(() => req.resume())
  }
  const { rawBody } = request as { rawBody?: unknown }
  const bytes = exactBytes(rawBody, Number(req.headers['content-length']))
  if (bytes) return readRequestBody(Readable.from([bytes]), req.headers, maxBytes)
  const parser = rawBody === undefined ? 'a body parser' : '@koa/bodyparser or koa-bodyparser'
  throw new FederationError(
    'body_already_parsed',
    `On this Koa site ${parser} read the body of the request before the federation, which verifies its exact bytes. ` +
      'Move the line app.use(mangaFederation(…)) above the one with the parser, such as app.use(bodyParser()).',
  )
}

/**
 * Koa's parsers keep the body as text. It gives the bytes back when nothing was replaced and nothing left out: invalid
 * UTF-8 became U+FFFD, and a byte-order mark is missing in the length.
 */
function exactBytes(rawBody: unknown, sentBytes: number): Uint8Array | undefined {
  if (rawBody instanceof Uint8Array) return rawBody
  if (typeof rawBody !== 'string' || rawBody.includes('\uFFFD')) return undefined
  const bytes = Buffer.from(rawBody)
  return bytes.byteLength === sentBytes ? bytes : undefined
}
