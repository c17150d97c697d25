import { concatBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'
import {
  type Call,
  type FederationResponse,
  hasVersion,
  integerParameter,
  type JsonSchema,
  notModified,
  readHeaders,
  readyDocument,
  type Route,
  type RouteDocumentation,
  serveDocument,
} from '../http/index.ts'
import { encodeBase64, encodeCanonical } from '../json/index.ts'
import type { LogHead } from './head.ts'
import { logPagePieces, type LogReader, notMirrored } from './log-reader.ts'
import { MAX_PAGE_ENTRIES } from './page.ts'

/** The longest page (PROTOCOL section 9). */
export const MAX_PAGE_BYTES: number = 8 * 1024 * 1024

/**
 * Whoever polls asks each time whether something is new, which costs little with `If-None-Match`. A page that a cache
 * kept would hold an older head than one seen before, which looks like a log that was rolled back.
 */
const CACHE_CONTROL = 'public, no-cache'

/** A page up to this is sent in one piece, which is quicker; to put together a longer one takes as much memory again. */
const MAX_COPIED_BYTES = 64 * 1024

/** Characters of a hash in an ETag: 128 bits. */
const NAME_CHARACTERS = 22

/** What the log's routes work with. */
export interface LogServing {
  readonly serverName: string
  readonly logReader: LogReader
}

const COUNT_SCHEMA = { type: 'integer', minimum: 0 } as const
const HASH_SCHEMA = { type: 'string', description: '32 bytes in base64' } as const

const HEAD_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['type', 'server_name', 'epoch', 'size', 'root', 'issued_ts', 'valid_until_ts', 'signatures'],
  properties: {
    type: { const: 'fm.head.v1' },
    server_name: { type: 'string' },
    epoch: { type: 'integer', minimum: 1 },
    size: COUNT_SCHEMA,
    root: HASH_SCHEMA,
    issued_ts: COUNT_SCHEMA,
    valid_until_ts: COUNT_SCHEMA,
    signatures: { type: 'object', additionalProperties: { type: 'object', additionalProperties: { type: 'string' } } },
  },
}

const ENTRY_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['v', 'server', 'seq', 'ts', 'op', 'kind', 'id', 'revision', 'body'],
  properties: {
    v: { const: 1 },
    server: { type: 'string' },
    seq: COUNT_SCHEMA,
    ts: COUNT_SCHEMA,
    op: { enum: ['put', 'delete'] },
    kind: { enum: ['series', 'chapter'] },
    id: { type: 'string' },
    revision: { type: 'integer', minimum: 1 },
    body: {
      type: ['object', 'null'],
      required: ['sha256', 'size'],
      properties: { sha256: HASH_SCHEMA, size: { type: 'integer', minimum: 1 } },
    },
  },
}

const PAGE_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['start', 'entries', 'bodies', 'head', 'proof'],
  properties: {
    start: COUNT_SCHEMA,
    entries: { type: 'array', maxItems: MAX_PAGE_ENTRIES, items: ENTRY_SCHEMA },
    bodies: { type: 'object', additionalProperties: { type: 'object' } },
    head: HEAD_SCHEMA,
    proof: { type: 'array', items: HASH_SCHEMA },
  },
}

const PAGE_QUERY: NonNullable<RouteDocumentation['query']> = {
  since: { description: 'The number of the first entry: how many the caller has. 0 by default.', schema: COUNT_SCHEMA },
  limit: {
    description: `Entries a page, ${MAX_PAGE_ENTRIES} by default; fewer come where they are large.`,
    schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE_ENTRIES },
  },
}

const OWN = '/manga/log'
const OF_ORIGIN = '/manga/log/origin/*'

/** PROTOCOL section 9. */
export const logRoutes: readonly Route<LogServing>[] = [OWN, OF_ORIGIN].flatMap((place) => [
  logRoute(`${place}/head`, serveHead, {
    summary: place === OWN ? 'The signed head of this server’s log' : 'The newest signed head of a mirrored log',
    responses: { 200: { description: 'The head', schema: HEAD_SCHEMA } },
  }),
  logRoute(`${place}/entries`, serveEntries, {
    summary: place === OWN ? 'Entries of this server’s log' : 'Entries of a mirrored log, with its own server’s head',
    query: PAGE_QUERY,
    responses: {
      200: {
        description: 'Entries, current objects, the head, and the proof that leads to it',
        schema: PAGE_SCHEMA,
      },
      400: { description: 'A parameter is wrong' },
      416: { description: 'The log is not as long as `since`' },
    },
  }),
])

function logRoute(
  path: string,
  handle: Route<LogServing>['handle'],
  documentation: RouteDocumentation,
): Route<LogServing> {
  const mirrored = path.startsWith(OF_ORIGIN)
  return {
    method: 'GET',
    base: 'api',
    path,
    documentation: {
      ...documentation,
      ...(mirrored ? { serverName: 'The server whose log it is' } : {}),
      responses: {
        ...documentation.responses,
        304: { description: 'The caller has this already' },
        ...(mirrored ? { 404: { description: 'This server has no log of that one' } } : {}),
      },
    },
    handle,
  }
}

async function serveHead(parts: LogServing, call: Call): Promise<FederationResponse> {
  const { json } = await newestHead(parts, call)
  const bytes = encodeCanonical(json)
  return serveDocument(call.request, readyDocument(bytes, { etag: etagOf(bytes), cacheControl: CACHE_CONTROL }))
}

async function serveEntries(parts: LogServing, call: Call): Promise<FederationResponse> {
  const since = integerParameter(call.query, 'since', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    code: 'invalid_parameter',
  })
  const limit = integerParameter(call.query, 'limit', { min: 1, max: MAX_PAGE_ENTRIES, code: 'invalid_limit' })
  const etag = etagOf(encodeCanonical((await newestHead(parts, call)).json))
  if (hasVersion(call.request, etag)) return notModified(readHeaders({ etag, cacheControl: CACHE_CONTROL }))
  const page = await parts.logReader.page(originOf(parts, call), {
    since: since ?? 0,
    limit: limit ?? MAX_PAGE_ENTRIES,
    maxBytes: MAX_PAGE_BYTES,
  })
  const headers = { etag: etagOf(encodeCanonical(page.head.json)), cacheControl: CACHE_CONTROL }
  const pieces = logPagePieces(page)
  const length = pieces.reduce((bytes, piece) => bytes + piece.byteLength, 0)
  return {
    status: 200,
    headers: { ...readHeaders(headers), 'content-length': String(length) },
    body: page.joined && length > MAX_COPIED_BYTES ? oneByOne(pieces) : concatBytes(pieces),
  }
}

async function* oneByOne(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

async function newestHead(parts: LogServing, call: Call): Promise<LogHead> {
  const origin = originOf(parts, call)
  const head = await parts.logReader.head(origin)
  if (!head) throw notMirrored(origin)
  return head
}

function originOf({ serverName }: LogServing, call: Call): string {
  return call.serverName ?? serverName
}

/** Names a head, signatures included: one that was signed anew is another one. */
function etagOf(head: Uint8Array): string {
  return `"${encodeBase64(sha256(head)).slice(0, NAME_CHARACTERS)}"`
}
