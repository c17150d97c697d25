import type { Atomically } from './atomically.ts'
import { ExpiringMap } from './memory-expiring.ts'
import type { NonceStore } from './nonce-store.ts'

export function memoryNonceStore(atomically: Atomically): NonceStore {
  const used = new ExpiringMap<true>()
  return {
    use: (nonce, expiresTs, nowTs) =>
      atomically(() => used.remember(nonce, { value: true, expiresTs }, nowTs) === undefined),
  }
}
