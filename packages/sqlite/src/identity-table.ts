import { isDeepStrictEqual } from 'node:util'
import type { Identity, IdentityStore, OwnKey } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { plainBytes } from './plain-bytes.ts'

type KeyRow = { key_id: string; seed: Uint8Array; created_ts: number; expired_ts: number | null }

/** The identity, in the tables `identity` and `own_keys`. */
export function identityTable(connection: StoreConnection): IdentityStore {
  const selectName = connection.prepare<{ server_name: string }>('SELECT server_name FROM identity')
  const selectKeys = connection.prepare<KeyRow>(
    'SELECT key_id, seed, created_ts, expired_ts FROM own_keys ORDER BY position',
  )
  const insertName = connection.prepare('INSERT INTO identity (only_row, server_name) VALUES (1, ?)')
  const insertKey = connection.prepare(
    'INSERT INTO own_keys (key_id, seed, created_ts, expired_ts) VALUES (?, ?, ?, ?)',
  )
  const deleteKeys = connection.prepare('DELETE FROM own_keys')

  const load = (): Identity | undefined => {
    const name = selectName.get()
    return name && { serverName: name.server_name, keys: selectKeys.all().map(keyFrom) }
  }

  const insertKeys = (keys: readonly OwnKey[]): void => {
    for (const { keyId, seed, createdTs, expiredTs } of keys) insertKey.run(keyId, seed, createdTs, expiredTs ?? null)
  }

  return {
    load: () => connection.transaction('DEFERRED', load),

    create: (identity) =>
      connection.transaction('IMMEDIATE', () => {
        const existing = load()
        if (existing !== undefined) return existing
        insertName.run(identity.serverName)
        insertKeys(identity.keys)
        return load() ?? identity
      }),

    replaceKeys: (expectedKeyIds, keys) =>
      connection.transaction('IMMEDIATE', () => {
        const keyIds = load()?.keys.map(({ keyId }) => keyId)
        if (!isDeepStrictEqual(keyIds, expectedKeyIds)) return false
        deleteKeys.run()
        insertKeys(keys)
        return true
      }),
  }
}

function keyFrom(row: KeyRow): OwnKey {
  return {
    keyId: row.key_id,
    seed: plainBytes(row.seed),
    createdTs: row.created_ts,
    expiredTs: row.expired_ts ?? undefined,
  }
}
