import { Keyv } from 'keyv'
import { LRUCache } from 'lru-cache'

/**
 * A cache in this process that keeps the entries used last, as they are: nothing is serialized.
 *
 * @param maxEntries - how many.
 */
export function boundedCache(maxEntries: number): Keyv {
  const entries = new LRUCache<string, object>({ max: maxEntries })
  const store = {
    get: (key: string) => entries.get(key),
    // Keyv passes its ttl as a third argument, where lru-cache takes options only. Keyv itself looks at the expiry.
    set: (key: string, entry: object) => void entries.set(key, entry),
    delete: (key: string) => entries.delete(key),
    clear: () => entries.clear(),
  }
  const cache = new Keyv({ store })
  cache.serialize = undefined
  cache.deserialize = undefined
  return cache
}
