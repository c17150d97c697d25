import { LRUCache } from 'lru-cache'
import { sha256 } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import { type Call, integerParameter, textParameter } from '../http/index.ts'
import { encodeBase64 } from '../json/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { CatalogQuery, ObjectKind } from '../store/index.ts'
import { decodeCursor } from './cursor.ts'
import { isLocaleTag } from './locale.ts'
import { normalizeForSearch } from './search.ts'

/** The most objects in one page (PROTOCOL section 6.2). */
export const MAX_LIMIT = 1000

/** What a link to the next page carries on. Others are not ours, and could not be told apart in a cache. */
const CONTINUED_PARAMETERS = new Set(['limit', 'series_id', 'locale', 'q', 'since'])

/** Requests that were read before are kept up to this many characters of their targets: some thousand. */
const MAX_KEPT_CHARACTERS = 256 * 1024

/** What a kept request takes besides its target, counted in characters. */
const REQUEST_CHARACTERS = 256

/** Characters of a hash in an ETag: 128 bits. */
const NAME_CHARACTERS = 22

/** What a route lists. */
export interface ListingPlan {
  readonly kind: ObjectKind
  /** The route's path: `/manga/series/origin/*`. */
  readonly path: string
  readonly seriesIdRequired: boolean
}

/** What one request wants listed. Without `limit` it is everything. */
export interface ListingRequest {
  readonly query: Omit<CatalogQuery, 'limit'>
  readonly limit: number | undefined
  /** A hash of all the above and of the URL, for ETags. */
  readonly name: string
  /** The URL of what follows, for the link to the next page. */
  readonly urlOfNext: (cursor: string) => string
}

/**
 * Reads what a request wants listed.
 *
 * @throws FederationError `invalid_limit`, `invalid_cursor`, `invalid_parameter`, `missing_series_id`.
 */
export type ListingReader = (call: Call, plan: ListingPlan) => ListingRequest

/** Builds the reader. The same targets come again and again, and reading one takes as long as answering it. */
export function createListingReader(serverName: string): ListingReader {
  const kept = new LRUCache<string, ListingRequest>({
    maxSize: MAX_KEPT_CHARACTERS,
    sizeCalculation: (_listing, target) => target.length + REQUEST_CHARACTERS,
  })
  return (call, plan) => {
    const { target } = call.request
    const known = kept.get(target)
    if (known) return known
    const listing = readListing(serverName, call, plan)
    kept.set(target, listing)
    return listing
  }
}

function readListing(serverName: string, call: Call, plan: ListingPlan): ListingRequest {
  const parameters = call.query
  const limit = integerParameter(parameters, 'limit', { min: 1, max: MAX_LIMIT, code: 'invalid_limit' })
  const cursor = textParameter(parameters, 'cursor')
  const query = {
    origin: call.serverName ?? serverName,
    kind: plan.kind,
    seriesId: plan.kind === 'chapter' ? seriesIdOf(parameters, plan.seriesIdRequired) : undefined,
    afterId: cursor === undefined ? undefined : decodeCursor(cursor),
    sinceTs: integerParameter(parameters, 'since', { min: 0, max: Number.MAX_SAFE_INTEGER, code: 'invalid_parameter' }),
    locale: localeOf(parameters),
    search: searchOf(parameters),
  }
  const urlOfNext = (next: string): string => listingUrl(serverName, plan.path, call.serverName, parameters, next)
  return { query, limit, urlOfNext, name: hashOf([limit ?? null, query, urlOfNext('')]) }
}

function hashOf(values: readonly unknown[]): string {
  return encodeBase64(sha256(JSON.stringify(values))).slice(0, NAME_CHARACTERS)
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
