import { LRUCache } from 'lru-cache'
import { concatBytes, joinBytes } from '../bytes.ts'
import { CATALOG_CACHE_CONTROL, hasVersion, notModified, readHeaders } from '../http/index.ts'
import type { FederationRequest, FederationResponse } from '../http/index.ts'
import type { CatalogState, CatalogStore } from '../store/index.ts'
import { encodeCursor } from './cursor.ts'
import type { ListingRequest } from './listing-request.ts'

/** Objects that a stream reads at once: about 256 KiB. */
const STREAM_PAGE_OBJECTS = 256

/** Rendered pages are kept up to this many bytes in all: some hundred pages of a hundred objects. */
const MAX_CACHED_BYTES = 32 * 1024 * 1024

/** A page beyond this share is rendered each time, so that few large ones do not push all others out. */
const MAX_CACHED_PAGE_BYTES = MAX_CACHED_BYTES / 8

const encoder = new TextEncoder()
const OPEN = encoder.encode('[')
const COMMA = encoder.encode(',')
const CLOSE = encoder.encode(']')

/** Serves listings of objects: signed bytes from the store, joined. */
export interface Listings {
  /** Answers, at once where the page is kept. */
  serve(
    request: FederationRequest,
    listing: ListingRequest,
    state: CatalogState,
  ): FederationResponse | Promise<FederationResponse>
}

/** A response whose body is there already. */
interface WholeResponse extends FederationResponse {
  readonly body: Uint8Array
}

/** Builds the server of listings over a store. */
export function createListings(store: CatalogStore): Listings {
  const rendered = new LRUCache<string, WholeResponse>({
    maxSize: MAX_CACHED_BYTES,
    maxEntrySize: MAX_CACHED_PAGE_BYTES,
    sizeCalculation: ({ body }) => body.byteLength,
  })
  async function renderPage(listing: ListingRequest, limit: number, etag: string): Promise<FederationResponse> {
    // One more than asked tells whether a next page exists.
    const objects = await store.list({ ...listing.query, limit: limit + 1 })
    const page = objects.slice(0, limit)
    const last = objects.length > limit ? page.at(-1) : undefined
    const link = last && `<${listing.urlOfNext(encodeCursor(last.id))}>; rel="next"`
    const fresh = wholeResponse(joinArray(page), readHeaders({ etag, cacheControl: CATALOG_CACHE_CONTROL, link }))
    rendered.set(etag, fresh)
    return fresh
  }

  async function* stream(query: ListingRequest['query'], first: Objects): AsyncGenerator<Uint8Array> {
    yield OPEN
    let page = first
    for (;;) {
      yield joinObjects(page)
      const last = page.at(-1)
      if (!last || page.length < STREAM_PAGE_OBJECTS) break
      page = await store.list({ ...query, afterId: last.id, limit: STREAM_PAGE_OBJECTS })
      if (page.length > 0) yield COMMA
    }
    yield CLOSE
  }

  async function renderAll(query: ListingRequest['query'], etag: string): Promise<FederationResponse> {
    const headers = readHeaders({ etag, cacheControl: CATALOG_CACHE_CONTROL })
    const first = await store.list({ ...query, limit: STREAM_PAGE_OBJECTS })
    if (first.length === STREAM_PAGE_OBJECTS) return { status: 200, headers, body: stream(query, first) }
    return wholeResponse(joinArray(first), headers)
  }

  return {
    serve(request, listing, state) {
      const etag = etagOf(listing, state)
      if (hasVersion(request, etag)) return notModified(readHeaders({ etag, cacheControl: CATALOG_CACHE_CONTROL }))
      if (listing.limit === undefined) return renderAll(listing.query, etag)
      return rendered.get(etag) ?? renderPage(listing, listing.limit, etag)
    },
  }
}

type Objects = readonly { readonly id: string; readonly bytes: Uint8Array }[]

/** Names the state of the catalog and the request: the same for every process that serves the same store. */
function etagOf({ name }: ListingRequest, { size, changedTs }: CatalogState): string {
  return `"${size.toString(36)}-${changedTs.toString(36)}-${name}"`
}

function wholeResponse(body: Uint8Array, headers: Record<string, string>): WholeResponse {
  return { status: 200, headers: { ...headers, 'content-length': String(body.byteLength) }, body }
}

function joinArray(objects: Objects): Uint8Array {
  return concatBytes([OPEN, joinObjects(objects), CLOSE])
}

function joinObjects(objects: Objects): Uint8Array {
  return joinBytes(
    objects.map(({ bytes }) => bytes),
    COMMA,
  )
}
