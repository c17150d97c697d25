import { FederationError } from '../errors.ts'
import type { FederationRequest, FederationResponse } from './contract.ts'

/** Reads are public, for pages of any origin (PROTOCOL section 6.2). */
const PUBLIC = { 'access-control-allow-origin': '*' } as const

/** What browsers' scripts may see of a read. */
const EXPOSED_HEADERS = 'etag, link'

/**
 * Seconds that a cache in front may answer by itself, so that it carries a site through an attack
 * (PROTOCOL section 6.2).
 */
export const CATALOG_CACHE_CONTROL = 'public, max-age=10, stale-while-revalidate=60, stale-if-error=86400'

const encoder = new TextEncoder()

/** A document that is read more often than it changes: its bytes and headers are made once. */
export interface ReadyDocument {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
}

/** What to say of a read besides its body. */
export interface ReadHeaders {
  /** Quoted, as it stands in the header. */
  readonly etag: string
  readonly cacheControl: string
  /** RFC 8288, where there is a next page. */
  readonly link?: string | undefined
}

/** The headers of a read whose body is JSON. */
export function readHeaders({ etag, cacheControl, link }: ReadHeaders): Record<string, string> {
  return {
    'content-type': 'application/json',
    etag,
    'cache-control': cacheControl,
    'access-control-expose-headers': EXPOSED_HEADERS,
    ...PUBLIC,
    ...(link === undefined ? {} : { link }),
  }
}

/** JSON that is made for one request. `cacheControl` says for how long others may keep it; `no-store` for not at all. */
export function jsonResponse(body: Uint8Array, cacheControl: string): FederationResponse {
  const headers = {
    'content-type': 'application/json',
    'content-length': String(body.byteLength),
    'cache-control': cacheControl,
    ...PUBLIC,
  }
  return { status: 200, headers, body }
}

/**
 * Server-sent events. `no-transform` keeps middleware of the site from compressing them, which would hold them back,
 * and `x-accel-buffering` does the same for nginx.
 */
export function eventStreamResponse(body: AsyncIterable<Uint8Array>): FederationResponse {
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    ...PUBLIC,
  }
  return { status: 200, headers, body }
}

/** Prepares a document for serving. */
export function readyDocument(bytes: Uint8Array, headers: ReadHeaders): ReadyDocument {
  return {
    bytes,
    etag: headers.etag,
    headers: { ...readHeaders(headers), 'content-length': String(bytes.byteLength) },
  }
}

/** Serves a prepared document, or 304 to who has it already. */
export function serveDocument(request: FederationRequest, document: ReadyDocument): FederationResponse {
  if (hasVersion(request, document.etag)) return notModified(document.headers)
  return { status: 200, headers: document.headers, body: document.bytes }
}

/** Whether `If-None-Match` names this version (RFC 9110 section 13.1.2: weak comparison). */
export function hasVersion(request: FederationRequest, etag: string): boolean {
  const header = request.headers['if-none-match']
  if (header === undefined) return false
  const listed = typeof header === 'string' ? header : header.join(',')
  return listed.split(',').some((item) => {
    const tag = item.trim()
    return tag === '*' || tag === etag || tag === `W/${etag}`
  })
}

/** 304: the headers of the 200 that tell of caching, none that tell of a body (RFC 9110 section 15.4.5). */
export function notModified(headers: Readonly<Record<string, string>>): FederationResponse {
  const { 'content-type': _type, 'content-length': _length, ...kept } = headers
  return { status: 304, headers: kept, body: undefined }
}

/** The answer to `HEAD`: that to `GET` without its body. */
export function withoutBody(response: FederationResponse): FederationResponse {
  return { ...response, body: undefined }
}

/** The answer to `OPTIONS`, a browser's preflight included. */
export function optionsResponse(allow: string): FederationResponse {
  return {
    status: 204,
    headers: {
      allow,
      ...PUBLIC,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': '*',
      'access-control-max-age': '86400',
    },
    body: undefined,
  }
}

/** An error as it goes over the wire (PROTOCOL section 8). Whatever is not a FederationError shows no detail. */
export function errorResponse(thrown: unknown): FederationResponse {
  const error = thrown instanceof FederationError ? thrown : new FederationError('internal', 'unexpected')
  const response = jsonResponse(encoder.encode(JSON.stringify(error.toWire())), 'no-store')
  return { ...response, status: error.status, headers: { ...response.headers, ...error.headers } }
}
