import type { Identity, IdentityStore, OwnKey } from '@manga-federation/core'
import { fromBase64, toBase64 } from './base64.ts'
import type { Database } from './database.ts'

/** A key as it lies in the column `keys`. */
interface KeyJson {
  readonly key_id: string
  readonly seed: string
  readonly created_ts: number
  readonly expired_ts: number | null
}

/** The identity, in the one row of the table `identity`. */
export function identityTable(database: Database): IdentityStore {
  const { schema } = database
  const selectIdentity = `SELECT server_name, keys FROM ${schema}.identity`
  const insertIdentity = `
    INSERT INTO ${schema}.identity (only_row, server_name, key_ids, keys) VALUES (true, $1, $2, $3)
    ON CONFLICT (only_row) DO NOTHING`
  const updateKeys = `UPDATE ${schema}.identity SET key_ids = $2, keys = $3 WHERE key_ids = $1::text[] RETURNING 1`

  const load = async (): Promise<Identity | undefined> => {
    const row = await database.first<{ server_name: string; keys: string }>(selectIdentity)
    return row && { serverName: row.server_name, keys: (JSON.parse(row.keys) as KeyJson[]).map(keyFrom) }
  }

  return {
    load,

    async create(identity) {
      await database.all(insertIdentity, identity.serverName, ...columnsOf(identity.keys))
      return (await load())!
    },

    async replaceKeys(expectedKeyIds, keys) {
      return (await database.once(updateKeys, expectedKeyIds, ...columnsOf(keys))).length === 1
    },
  }
}

function columnsOf(keys: readonly OwnKey[]): [keyIds: string[], keys: string] {
  const json = keys.map(({ keyId, seed, createdTs, expiredTs }): KeyJson => {
    return { key_id: keyId, seed: toBase64(seed), created_ts: createdTs, expired_ts: expiredTs ?? null }
  })
  return [keys.map(({ keyId }) => keyId), JSON.stringify(json)]
}

function keyFrom({ key_id, seed, created_ts, expired_ts }: KeyJson): OwnKey {
  return { keyId: key_id, seed: fromBase64(seed), createdTs: created_ts, expiredTs: expired_ts ?? undefined }
}
