import { concatBytes } from '../bytes.ts'
import { bestEffortCache, type Cache } from '../cache/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { encodeBase64 } from '../json/index.ts'
import type { CatalogStore } from '../store/index.ts'
import type { Listing } from './listing-answer.ts'
import { catalogPages } from './listing-pages.ts'

/** ETags that nobody asked for in a month are of listings that are not followed any more. */
const TTL_MS = 30 * 24 * 60 * 60 * 1000

/** A longer one is not remembered: the listing is then read whole each time. */
const MAX_ETAG_CHARACTERS = 200

/** Entries of the cache an origin: few, so that one with 100,000 series does not push out everything else. */
const BUCKETS = 256

/** ETags in one entry; beyond that it begins anew. */
const MAX_BUCKET_ETAGS = 1000

/** Characters of a hash: 128 bits. */
const HASH_CHARACTERS = 22

/** An ETag, and a hash of what was held when it was taken. */
interface Remembered {
  readonly etag: string
  readonly held: string
}

/**
 * Remembers the ETags of an origin's listings, in a cache: losing them costs a transfer, nothing else. One counts only
 * while exactly that is held which it was taken for, so that a cache that outlives a restored store hides nothing.
 */
export interface ListingEtags {
  /** The ETag of what is held; undefined when there is none. */
  ofHeld(listing: Listing): Promise<string | undefined>
  /**
   * Remembers the ETag of an answer, if exactly its objects are held.
   *
   * @param count - how many objects the answer listed.
   */
  remember(listing: Listing, etag: string, count: number): Promise<void>
}

/** Builds the memory for one origin. */
export function createListingEtags(
  parts: { readonly cache: Cache; readonly catalog: CatalogStore; readonly environment: Environment },
  serverName: string,
): ListingEtags {
  const cache = bestEffortCache<Record<string, Remembered>>(parts.cache, {
    kind: 'listing-etags:1',
    ttlMs: TTL_MS,
    environment: parts.environment,
  })

  /** Where the cache has the ETag: the name of an entry, and of the ETag inside it. */
  function placeOf({ kind, seriesId }: Listing): { bucket: string; name: string } {
    const hash = sha256(JSON.stringify([kind, seriesId ?? null]))
    return { bucket: `${hash[0]! % BUCKETS}:${serverName}`, name: shortHash(hash) }
  }

  async function held(listing: Listing): Promise<{ hash: string; count: number }> {
    let hash: Uint8Array = new Uint8Array()
    let count = 0
    for await (const page of catalogPages(parts.catalog, { origin: serverName, ...listing })) {
      hash = sha256(concatBytes([hash, ...page.map(({ bytes }) => sha256(bytes))]))
      count += page.length
    }
    return { hash: shortHash(hash), count }
  }

  return {
    async ofHeld(listing) {
      const { bucket, name } = placeOf(listing)
      const remembered = (await cache.get(bucket))?.[name]
      return remembered && remembered.held === (await held(listing)).hash ? remembered.etag : undefined
    },
    async remember(listing, etag, count) {
      if (etag.length > MAX_ETAG_CHARACTERS) return
      const now = await held(listing)
      // What is held besides waits to be removed: an answer that nothing changed would keep it for ever.
      if (now.count !== count) return
      const { bucket, name } = placeOf(listing)
      const others = (await cache.get(bucket)) ?? {}
      const kept = Object.keys(others).length < MAX_BUCKET_ETAGS ? others : {}
      await cache.set(bucket, { ...kept, [name]: { etag, held: now.hash } })
    },
  }
}

function shortHash(hash: Uint8Array): string {
  return encodeBase64(hash).slice(0, HASH_CHARACTERS)
}
