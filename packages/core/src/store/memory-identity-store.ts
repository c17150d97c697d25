import type { Atomically } from './atomically.ts'
import type { Identity, IdentityStore, OwnKey } from './identity-store.ts'

export function memoryIdentityStore(atomically: Atomically): IdentityStore {
  let stored: Identity | undefined
  return {
    load: () => atomically(() => stored && copyOfIdentity(stored)),

    create: (identity) => atomically(() => copyOfIdentity((stored ??= copyOfIdentity(identity)))),

    replaceKeys: (expectedKeyIds, keys) =>
      atomically(() => {
        if (stored === undefined || !hasKeyIds(stored, expectedKeyIds)) return false
        stored = copyOfIdentity({ ...stored, keys })
        return true
      }),
  }
}

function hasKeyIds({ keys }: Identity, keyIds: readonly string[]): boolean {
  return keys.length === keyIds.length && keys.every(({ keyId }, index) => keyId === keyIds[index])
}

function copyOfIdentity({ serverName, keys }: Identity): Identity {
  return { serverName, keys: keys.map((key): OwnKey => ({ ...key, seed: Uint8Array.from(key.seed) })) }
}
