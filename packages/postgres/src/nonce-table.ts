import type { NonceStore } from '@manga-federation/core'
import type { Database } from './database.ts'
import { expirySweep } from './expiry.ts'

/**
 * The nonces, in the table `nonces`. It has no cap: to forget a nonce early would let its request be replayed, and to
 * refuse new ones would let one sender lock out the others. Its size is the rate at which verified requests are let
 * in, times the minutes for which each counts.
 */
export function nonceTable(database: Database): NonceStore {
  const { schema } = database
  const sweep = expirySweep(database, 'nonces')
  // One that expired is as good as new. Of several at one time the first locks the row that the others find.
  const useNonce = `
    INSERT INTO ${schema}.nonces AS known (nonce, expires_ts) VALUES ($1, $2)
    ON CONFLICT (nonce) DO UPDATE SET expires_ts = excluded.expires_ts WHERE known.expires_ts < $3
    RETURNING 1`

  return {
    async use(nonce, expiresTs, nowTs) {
      await sweep(nowTs)
      return (await database.once(useNonce, nonce, expiresTs, nowTs)).length === 1
    },
  }
}
