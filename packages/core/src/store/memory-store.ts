import { FederationError } from '../errors.ts'
import { memoryBalancerStore } from './memory-balancer-store.ts'
import type { Catalog } from './memory-catalog.ts'
import { memoryCatalogStore } from './memory-catalog-store.ts'
import { memoryFollowerStore } from './memory-follower-store.ts'
import { memoryFollowingStore } from './memory-following-store.ts'
import { memoryIdentityStore } from './memory-identity-store.ts'
import { memoryLogStore } from './memory-log-store.ts'
import { memoryNonceStore } from './memory-nonce-store.ts'
import { memoryRemoteKeyStore } from './memory-remote-key-store.ts'
import { memoryTransactionStore } from './memory-transaction-store.ts'
import type { Store } from './store.ts'

/** Keeps everything in memory, for tests and for sites that make a new identity with every start. */
export function memoryStore(): Store {
  let closed = false
  const atomically = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new FederationError('closed', 'The store was closed. Open a new one with memoryStore().')
    return work()
  }
  const catalogs = new Map<string, Catalog>()
  const following = new Map<string, Uint8Array>()
  return {
    identity: memoryIdentityStore(atomically),
    catalog: memoryCatalogStore(atomically, { catalogs, following }),
    remoteKeys: memoryRemoteKeyStore(atomically),
    nonces: memoryNonceStore(atomically),
    log: memoryLogStore(atomically, catalogs),
    following: memoryFollowingStore(atomically, following),
    followers: memoryFollowerStore(atomically),
    balancers: memoryBalancerStore(atomically),
    transactions: memoryTransactionStore(atomically),
    async close() {
      closed = true
    },
  }
}
