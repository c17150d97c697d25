import type { Identity, IdentityStore, OwnKey } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { plainBytes } from './plain-bytes.ts'

/** The identity, in the tables `identity` and `own_keys`. */
export function identityTable(connection: StoreConnection): IdentityStore {
  const selectName = connection.prepare<{ server_name: string }>('SELECT server_name FROM identity')
  const selectKeys = connection.prepare<{ key_id: string; seed: Uint8Array; created_ts: number }>(
    'SELECT key_id, seed, created_ts FROM own_keys ORDER BY position',
  )
  const insertName = connection.prepare('INSERT INTO identity (only_row, server_name) VALUES (1, ?)')
  const insertKey = connection.prepare('INSERT INTO own_keys (key_id, seed, created_ts) VALUES (?, ?, ?)')

  const load = (): Identity | undefined => {
    const name = selectName.get()
    if (name === undefined) return undefined
    const keys = selectKeys
      .all()
      .map((row): OwnKey => ({ keyId: row.key_id, seed: plainBytes(row.seed), createdTs: row.created_ts }))
    return { serverName: name.server_name, keys }
  }

  return {
    load: () => connection.transaction('DEFERRED', load),

    create: (identity) =>
      connection.transaction('IMMEDIATE', () => {
        const existing = load()
        if (existing !== undefined) return existing
        insertName.run(identity.serverName)
        for (const { keyId, seed, createdTs } of identity.keys) insertKey.run(keyId, seed, createdTs)
        return load() ?? identity
      }),
  }
}
