import { FederationError, type NonceStore, reasonOf } from '@manga-federation/core'
import type { Connection } from './connection.ts'

/** How long a signed request is good at most (PROTOCOL section 8), and a millisecond that belongs to it. */
const REQUEST_LIFE_MS = 300_001

/** How far behind the clock of another machine of the site may be: it takes a request for good so much longer. */
const CLOCK_DIFFERENCE_MS = 60_000

/**
 * The nonces, one key each, which Redis forgets by itself. What cannot be checked is refused, never let through: the
 * sender tries again, under a new nonce.
 */
export function redisNonces({ name, unbrokenSinceTs, ask }: Connection, prefix: string): NonceStore {
  return {
    async use(nonce, expiresTs, nowTs) {
      // Most are set up so that a restart loses the last of what they knew, or all.
      if (expiresTs - REQUEST_LIFE_MS < unbrokenSinceTs()) {
        throw unchecked(`${name} may have forgotten what came before this process was connected to it`)
      }
      const PX = Math.max(expiresTs - nowTs, 0) + CLOCK_DIFFERENCE_MS
      try {
        return (await ask((client) => client.set(`${prefix}:nonce:${nonce}`, '1', { NX: true, PX }))) === 'OK'
      } catch (cause) {
        throw unchecked(`${name} cannot be asked (${reasonOf(cause)})`, cause)
      }
    },
  }
}

function unchecked(why: string, cause?: unknown): FederationError {
  const says = `A signed request was refused, for nobody can tell whether it came before: ${why}. Its sender tries again.`
  return new FederationError('store_unavailable', says, { cause })
}
