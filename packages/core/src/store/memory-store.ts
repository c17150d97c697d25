import { FederationError } from '../errors.ts'
import { memoryCatalogStore } from './memory-catalog-store.ts'
import { memoryIdentityStore } from './memory-identity-store.ts'
import { memoryNonceStore } from './memory-nonce-store.ts'
import { memoryRemoteKeyStore } from './memory-remote-key-store.ts'
import type { Store } from './store.ts'

/** Keeps everything in memory, for tests and for sites that make a new identity with every start. */
export function memoryStore(): Store {
  let closed = false
  const atomically = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new FederationError('closed', 'The store was closed. Open a new one with memoryStore().')
    return work()
  }
  return {
    identity: memoryIdentityStore(atomically),
    catalog: memoryCatalogStore(atomically),
    remoteKeys: memoryRemoteKeyStore(atomically),
    nonces: memoryNonceStore(atomically),
    async close() {
      closed = true
    },
  }
}
