import { createKeyv } from '@keyv/redis'
import type { NonceStore } from '@manga-federation/core'
import type { Keyv } from 'keyv'
import { connect } from './connection.ts'
import { redisNonces } from './redis-nonces.ts'

/** Which Redis, and for which site. */
export interface RedisOptions {
  /** `redis://user:password@host:6379`, or `rediss://` for TLS. Valkey speaks the same. */
  readonly url: string
  /**
   * The same as in the options of the federation. The processes of one site meet under it; sites that share one Redis
   * are apart by it.
   */
  readonly serverName: string
}

/** Two options of the federation, to be spread into the others, and their end. */
export interface SharedByRedis {
  readonly cache: Keyv
  readonly nonces: NonceStore
  /** Ends the connection, once the site is closed. Calling it twice is fine. */
  readonly close: () => Promise<void>
}

/**
 * Connects to a Redis, which remembers for all processes of a site what other servers told it, and which requests it
 * has seen. When Redis fails later on, the site goes on: what would be remembered is asked for again, requests that
 * cannot be checked are refused, and the connection is made anew by itself.
 *
 * @throws FederationError `invalid_option` when the url is none; `store_unavailable` when Redis cannot be reached or
 *   lets nobody in. No message contains the password.
 */
export async function openRedis({ url, serverName }: RedisOptions): Promise<SharedByRedis> {
  const connection = await connect(url)
  const prefix = `manga-federation:${serverName}`
  const cache = createKeyv(connection.client, { namespace: prefix, keyPrefixSeparator: ':' })
  return {
    cache,
    nonces: redisNonces(connection, prefix),
    async close() {
      // Asked later, the adapter would connect again, and the process would never end.
      cache.store = new Map()
      connection.close()
    },
  }
}
