import type { Atomically } from './atomically.ts'
import type { NonceStore } from './nonce-store.ts'

/** So many nonces, some hundred KiB of them, are not worth a look at which have expired. */
const MIN_NONCES_TO_SWEEP = 1024

export function memoryNonceStore(atomically: Atomically): NonceStore {
  /** When each nonce expires, POSIX milliseconds. */
  const expiries = new Map<string, number>()
  let sweepAtNonces = MIN_NONCES_TO_SWEEP

  /** Looks at all of them only once they have doubled, so that the cost of a nonce does not rise with their number. */
  const sweep = (nowTs: number): void => {
    if (expiries.size < sweepAtNonces) return
    for (const [nonce, expiresTs] of expiries) if (expiresTs < nowTs) expiries.delete(nonce)
    sweepAtNonces = Math.max(MIN_NONCES_TO_SWEEP, 2 * expiries.size)
  }

  return {
    use: (nonce, expiresTs, nowTs) =>
      atomically(() => {
        sweep(nowTs)
        const remembered = expiries.get(nonce)
        if (remembered !== undefined && remembered >= nowTs) return false
        expiries.set(nonce, expiresTs)
        return true
      }),
  }
}
