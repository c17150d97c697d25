import type { Atomically } from './atomically.ts'
import { ExpiringMap } from './memory-expiring.ts'
import type { TransactionStore } from './transaction-store.ts'

export function memoryTransactionStore(atomically: Atomically): TransactionStore {
  const digests = new ExpiringMap<Uint8Array>()
  return {
    remember: ({ sender, id, digest, expiresTs }, nowTs) =>
      atomically(() => {
        // An array's JSON tells any two pairs of texts apart.
        const key = JSON.stringify([sender, id])
        const given = Uint8Array.from(digest)
        return Uint8Array.from(digests.remember(key, { value: given, expiresTs }, nowTs) ?? given)
      }),
  }
}
