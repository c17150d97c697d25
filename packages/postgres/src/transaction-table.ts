import type { TransactionStore } from '@manga-federation/core'
import type { Database } from './database.ts'
import { expirySweep } from './expiry.ts'

/** The transactions that others pushed, in the table `transactions`. */
export function transactionTable(database: Database): TransactionStore {
  const { schema } = database
  const sweep = expirySweep(database, 'transactions')
  const rememberDigest = `
    INSERT INTO ${schema}.transactions AS known (sender, id, digest, expires_ts) VALUES ($1, $2, $3, $4)
    ON CONFLICT (sender, id) DO UPDATE SET
      digest = CASE WHEN known.expires_ts < $5 THEN excluded.digest ELSE known.digest END,
      expires_ts = CASE WHEN known.expires_ts < $5 THEN excluded.expires_ts ELSE known.expires_ts END
    RETURNING digest`

  return {
    async remember({ sender, id, digest, expiresTs }, nowTs) {
      await sweep(nowTs)
      return (await database.first<{ digest: Uint8Array }>(rememberDigest, sender, id, digest, expiresTs, nowTs))!
        .digest
    },
  }
}
