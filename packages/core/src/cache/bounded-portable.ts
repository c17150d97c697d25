import { LRUCache } from 'lru-cache'
import type { Cache } from './cache.ts'

/**
 * A cache in this page or app that keeps the entries used last. Browsers have no `buffer`, which Keyv's serializer
 * imports.
 *
 * @param maxEntries - how many.
 */
export function boundedCache(maxEntries: number): Cache {
  const entries = new LRUCache<string, { readonly value: unknown }>({ max: maxEntries })
  return {
    get: async (key) => entries.get(key)?.value,
    set: async (key, value) => void entries.set(key, { value }),
  }
}
