import { openPostgresStore } from '@manga-federation/postgres'
import { openRedis } from '@manga-federation/redis'
import type { MangaFederationOptions } from '@manga-federation/sqlite'
import type { Settings } from './settings.ts'

/** Where the federation of a site remembers. */
export interface Storage {
  /** To be spread into the other options of the federation. */
  readonly options: Pick<MangaFederationOptions, 'store' | 'databasePath' | 'cache' | 'nonces'>
  /** To be called once the federation is closed. */
  readonly close: () => Promise<void>
}

/**
 * Makes of the settings of a site the options that say where its federation remembers.
 *
 * @throws FederationError when there is a Redis, and it cannot be reached.
 */
export async function openStorage({ store, cacheUrl, serverName }: Settings): Promise<Storage> {
  const where = 'connectionString' in store ? { store: () => openPostgresStore(store) } : store
  if (cacheUrl === undefined) return { options: where, close: async () => {} }
  const { cache, nonces, close } = await openRedis({ url: cacheUrl, serverName })
  return { options: { ...where, cache, nonces }, close }
}
