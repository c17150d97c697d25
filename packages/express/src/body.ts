import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { FederationError, readRequestBody } from '@manga-federation/core'
import type { ExpressRequest } from './request.ts'

/** A request whose body some parser read, and perhaps kept as it came. */
interface ParsedRequest {
  rawBody?: unknown
  body?: unknown
}

/** Express's parsers by the content types that they read unless told otherwise. */
const PARSERS: readonly (readonly [type: RegExp, parser: string])[] = [
  [/json/i, 'express.json'],
  [/x-www-form-urlencoded/i, 'express.urlencoded'],
  [/^text\//i, 'express.text'],
]

/**
 * For the `verify` option of Express's parsers: keeps the bytes that were sent, since signatures cover bytes.
 *
 * @example
 * ```ts
 * app.use(express.json({ verify: keepRawBody }))
 * ```
 */
export function keepRawBody(request: IncomingMessage, _response: ServerResponse, bytes: Buffer): void {
  ;(request as ParsedRequest).rawBody = bytes
}

/**
 * The raw bytes of a request's body, also behind a parser that kept them.
 *
 * @throws FederationError `body_too_large`, `body_encoding`, `body_incomplete`, `body_already_parsed`.
 */
export async function readBody(request: ExpressRequest, maxBytes: number): Promise<Uint8Array> {
  const { headers } = request
  if (!request.readableDidRead) {
    const chunks = request.iterator({ destroyOnReturn: false })
    // What a refusal left unread would hold up the connection, and with it the closing of the site.
    return readRequestBody(chunks, headers, maxBytes).finally(() => request.resume())
  }
  const { rawBody, body } = request as ParsedRequest
  // express.raw() leaves the bytes themselves as the body.
  const bytes = [rawBody, body].find((kept) => kept instanceof Uint8Array)
  if (bytes) return readRequestBody(Readable.from([bytes]), headers, maxBytes)
  throw alreadyParsed(headers['content-type'] ?? '')
}

function alreadyParsed(contentType: string): FederationError {
  const parser = PARSERS.find(([type]) => type.test(contentType))?.[1]
  return new FederationError(
    'body_already_parsed',
    `On this Express site ${parser ? `${parser}()` : 'a body parser'} read the body of the request before the ` +
      'federation, which verifies its exact bytes. ' +
      (parser ? `Write app.use(${parser}({ verify: keepRawBody })), or move` : 'Move') +
      ' the line app.use(mangaFederation(…)) above the one with the parser.',
  )
}
