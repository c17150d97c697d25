import type { NonceStore } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'

/**
 * The nonces, in the table `nonces`. It has no cap: to forget a nonce early would let its request be replayed, and to
 * refuse new ones would let one sender lock out the others. Its size is the rate at which verified requests are let
 * in, times the minutes for which each counts.
 */
export function nonceTable(connection: StoreConnection): NonceStore {
  const deleteExpired = connection.prepare('DELETE FROM nonces WHERE expires_ts < ?')
  const insertNonce = connection.prepare(
    'INSERT INTO nonces (nonce, expires_ts) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING',
  )

  return {
    use: (nonce, expiresTs, nowTs) =>
      connection.transaction('IMMEDIATE', () => {
        deleteExpired.run(nowTs)
        return Number(insertNonce.run(nonce, expiresTs).changes) === 1
      }),
  }
}
