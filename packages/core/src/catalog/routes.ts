import { FederationError } from '../errors.ts'
import {
  type Call,
  type FederationResponse,
  integerParameter,
  type Route,
  type RouteDocumentation,
  textParameter,
} from '../http/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import { decodeCursor } from './cursor.ts'
import type { Listings } from './listing.ts'
import { isLocaleTag } from './locale.ts'
import { normalizeForSearch } from './search.ts'

/** The most objects in one page (PROTOCOL section 6.2). */
const MAX_LIMIT = 1000

/** What the reading routes work with. */
export interface CatalogReading {
  readonly serverName: string
  readonly listings: Listings
  readonly catalogStore: CatalogStore
}

const OBJECTS_SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    required: ['id', 'server', 'metadata', 'signing_keys', 'signatures'],
    properties: {
      id: { type: 'string' },
      server: { type: 'string' },
      series_id: { type: 'string' },
      metadata: { type: 'object', additionalProperties: { type: 'object' } },
      images: { type: 'string' },
      revision: { type: 'integer', minimum: 1 },
      updated_ts: { type: 'integer' },
      signing_keys: { type: 'object', additionalProperties: { type: 'string' } },
      signatures: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
} as const

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error_code', 'message'],
  properties: { error_code: { type: 'string' }, message: { type: 'string' } },
} as const

const COMMON_QUERY: NonNullable<RouteDocumentation['query']> = {
  limit: {
    description: 'Objects a page; without it the whole listing is the answer.',
    schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT },
  },
  cursor: { description: 'Where to go on: from the `Link` of the page before.', schema: { type: 'string' } },
  locale: { description: 'Only objects in this language: `pt` finds `pt-BR` too.', schema: { type: 'string' } },
  q: { description: 'Only objects with this text in a title.', schema: { type: 'string' } },
  since: {
    description: 'Only objects whose `updated_ts` is at or after this time, in POSIX milliseconds.',
    schema: { type: 'integer', minimum: 0 },
  },
}

/** What a link to the next page carries on. Others are not ours, and could not be told apart in a cache. */
const CONTINUED_PARAMETERS = new Set(['limit', 'series_id', 'locale', 'q', 'since'])

const SERIES_ID = { description: 'The series whose chapters are listed.', schema: { type: 'string' } }

/** PROTOCOL section 6.2. */
export const catalogRoutes: readonly Route<CatalogReading>[] = [
  listingRoute('series', '/manga/series', { summary: 'The series of this server' }),
  listingRoute('series', '/manga/series/origin/*', { summary: 'The series of a server, as it signed them' }),
  listingRoute('chapter', '/manga/chapters', {
    summary: 'The chapters of a series of this server',
    query: { series_id: { ...SERIES_ID, required: true } },
  }),
  listingRoute('chapter', '/manga/chapters/origin/*', {
    summary: 'The chapters of a server, as it signed them',
    query: { series_id: SERIES_ID },
  }),
]

function listingRoute(
  kind: ObjectKind,
  path: string,
  documentation: Pick<RouteDocumentation, 'summary' | 'query'>,
): Route<CatalogReading> {
  const ofOrigin = path.endsWith('/*')
  const seriesIdRequired = documentation.query?.series_id?.required === true
  return {
    method: 'GET',
    base: 'api',
    path,
    documentation: {
      ...documentation,
      query: { ...documentation.query, ...COMMON_QUERY },
      ...(ofOrigin ? { serverName: 'The server whose objects are listed' } : {}),
      responses: {
        200: { description: 'Signed objects, ordered by id', schema: OBJECTS_SCHEMA },
        304: { description: 'The caller has this state already' },
        400: { description: 'A parameter is wrong', schema: ERROR_SCHEMA },
        ...(ofOrigin ? { 404: { description: 'This server has no catalog of that one', schema: ERROR_SCHEMA } } : {}),
      },
    },
    handle: (reading, call) => serveListing(reading, call, { kind, path, seriesIdRequired }),
  }
}

interface ListingPlan {
  readonly kind: ObjectKind
  readonly path: string
  readonly seriesIdRequired: boolean
}

async function serveListing(
  { serverName, listings, catalogStore }: CatalogReading,
  { request, query, serverName: named }: Call,
  plan: ListingPlan,
): Promise<FederationResponse> {
  const limit = integerParameter(query, 'limit', { min: 1, max: MAX_LIMIT, code: 'invalid_limit' })
  const seriesId = plan.kind === 'chapter' ? seriesIdOf(query, plan.seriesIdRequired) : undefined
  const cursor = textParameter(query, 'cursor')
  const sinceTs = integerParameter(query, 'since', { min: 0, max: Number.MAX_SAFE_INTEGER, code: 'invalid_parameter' })
  const origin = named ?? serverName
  const state = await catalogStore.state(origin)
  if (origin !== serverName && state.size === 0) {
    throw new FederationError('not_mirrored', `This server has no catalog of ${origin}.`)
  }
  return listings.serve(
    request,
    {
      limit,
      query: {
        origin,
        kind: plan.kind,
        seriesId,
        afterId: cursor === undefined ? undefined : decodeCursor(cursor),
        sinceTs,
        locale: localeOf(query),
        search: searchOf(query),
      },
      urlOfNext: (next) => listingUrl(serverName, plan.path, named, query, next),
    },
    state,
  )
}

function seriesIdOf(query: URLSearchParams, required: boolean): string | undefined {
  const seriesId = textParameter(query, 'series_id')
  if (seriesId || (!required && seriesId === undefined)) return seriesId
  throw new FederationError('missing_series_id', 'Say whose chapters to list: ?series_id=… with the id of a series.')
}

function localeOf(query: URLSearchParams): string | undefined {
  const locale = textParameter(query, 'locale')
  if (locale !== undefined && !isLocaleTag(locale)) {
    throw new FederationError('invalid_parameter', 'locale is a language tag such as en or pt-BR.')
  }
  return locale?.toLowerCase()
}

function searchOf(query: URLSearchParams): string | undefined {
  const text = textParameter(query, 'q')
  return text ? normalizeForSearch(text) : undefined
}

/** Built from the configured name, never from the request's headers (PROTOCOL section 1). */
function listingUrl(
  serverName: string,
  path: string,
  named: string | undefined,
  query: URLSearchParams,
  cursor: string,
): string {
  const kept = [...query].filter(([name]) => CONTINUED_PARAMETERS.has(name))
  const next = new URLSearchParams([...kept, ['cursor', cursor]])
  const place = named === undefined ? path : path.slice(0, -1) + encodeServerNameSegment(named)
  return `${serverName}${place}?${next}`
}
