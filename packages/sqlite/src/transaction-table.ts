import type { TransactionStore } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { plainBytes } from './plain-bytes.ts'

/** The transactions that others pushed, in the table `transactions`. */
export function transactionTable(connection: StoreConnection): TransactionStore {
  const deleteExpired = connection.prepare('DELETE FROM transactions WHERE expires_ts < ?')
  const insert = connection.prepare(
    `INSERT INTO transactions (sender, id, digest, expires_ts) VALUES (?, ?, ?, ?) ON CONFLICT (sender, id) DO NOTHING`,
  )
  const selectDigest = connection.prepare<{ digest: Uint8Array }>(
    'SELECT digest FROM transactions WHERE sender = ? AND id = ?',
  )

  return {
    remember: ({ sender, id, digest, expiresTs }, nowTs) =>
      connection.transaction('IMMEDIATE', () => {
        deleteExpired.run(nowTs)
        insert.run(sender, id, digest, expiresTs)
        return plainBytes(selectDigest.get(sender, id)!.digest)
      }),
  }
}
