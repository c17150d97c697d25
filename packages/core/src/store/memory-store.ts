import { FederationError } from '../errors.ts'
import { memoryCatalogStore, type Atomically } from './memory-catalog-store.ts'
import type { Identity, IdentityStore } from './identity-store.ts'
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
    async close() {
      closed = true
    },
  }
}

function memoryIdentityStore(atomically: Atomically): IdentityStore {
  let stored: Identity | undefined
  return {
    load: () => atomically(() => stored && copyOfIdentity(stored)),
    create: (identity) => atomically(() => copyOfIdentity((stored ??= copyOfIdentity(identity)))),
  }
}

function copyOfIdentity({ serverName, keys }: Identity): Identity {
  return {
    serverName,
    keys: keys.map(({ keyId, seed, createdTs }) => ({ keyId, seed: Uint8Array.from(seed), createdTs })),
  }
}
