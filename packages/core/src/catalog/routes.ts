import { FederationError } from '../errors.ts'
import { type Call, ERROR_SCHEMA, type FederationResponse, type Route, type RouteDocumentation } from '../http/index.ts'
import type { CatalogState, ObjectKind } from '../store/index.ts'
import type { Listings } from './listing.ts'
import { type ListingPlan, type ListingReader, type ListingRequest, MAX_LIMIT } from './listing-request.ts'
import type { RecentStates } from './recent-states.ts'

/** What the reading routes work with. */
export interface CatalogReading {
  readonly serverName: string
  readonly listings: Listings
  readonly readListing: ListingReader
  readonly states: RecentStates
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

function serveListing(
  reading: CatalogReading,
  call: Call,
  plan: ListingPlan,
): FederationResponse | Promise<FederationResponse> {
  const listing = reading.readListing(call, plan)
  const state = reading.states.of(listing.query.origin)
  const answer = (known: CatalogState): FederationResponse | Promise<FederationResponse> => {
    requireCatalog(reading, listing, known)
    return reading.listings.serve(call.request, listing, known)
  }
  return state instanceof Promise ? state.then(answer) : answer(state)
}

function requireCatalog(
  { serverName }: CatalogReading,
  { query: { origin } }: ListingRequest,
  { size }: CatalogState,
): void {
  if (origin !== serverName && size === 0) {
    throw new FederationError('not_mirrored', `This server has no catalog of ${origin}.`)
  }
}
