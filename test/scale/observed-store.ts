import type { Store } from '@manga-federation/core'
import { openPostgresStore } from '@manga-federation/postgres'
import type { Pool } from 'pg'

/** The store on PostgreSQL, which shows whether this process was given work that one does for all. */
export interface ObservedStore extends Store {
  /** Whether this process has such work, as far as it knows. */
  hasClaims(): boolean
}

/** Opens the store in a schema. */
export async function observedStore(pool: Pool, schema: string): Promise<ObservedStore> {
  const store: Store = await openPostgresStore({ pool, schema })
  const { shared } = store
  const claimed = new Set<string>()
  return {
    ...store,
    shared: shared && {
      ...shared,
      async claim(name, ttlMs) {
        const isOurs = await shared.claim(name, ttlMs)
        if (isOurs) claimed.add(name)
        else claimed.delete(name)
        return isOurs
      },
      async release(name) {
        claimed.delete(name)
        await shared.release(name)
      },
    },
    hasClaims: () => claimed.size > 0,
  }
}
