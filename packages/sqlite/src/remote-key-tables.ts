import {
  mergeRemoteKeys,
  type KeyBinding,
  type RemoteKeys,
  type RemoteKeyStore,
  type StoredKeyDocument,
} from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { plainBytes } from './plain-bytes.ts'

type DocumentRow = { bytes: Uint8Array; valid_until_ts: number; fetched_ts: number }

type BindingRow = {
  key_id: string
  public_key: Uint8Array
  source: KeyBinding['source']
  told_by: string
  first_seen_ts: number
  valid_until_ts: number
  expired_ts: number | null
}

/** The keys of other servers, in the tables `remote_servers`, `key_documents` and `key_bindings`. */
export function remoteKeyTables(connection: StoreConnection): RemoteKeyStore {
  const load = remoteKeyReader(connection)
  const writer = remoteKeyWriter(connection)
  // Documents and bindings go with their server, by their foreign keys. A negative limit is none.
  const deletePassing = connection.prepare(
    `DELETE FROM remote_servers WHERE server IN
       (SELECT server FROM remote_servers WHERE lasting = 0 ORDER BY used_ts DESC LIMIT -1 OFFSET ?)`,
  )

  return {
    load: (serverName) => connection.transaction('DEFERRED', () => load(serverName)),

    save: ({ lasting, usedTs, ...told }) =>
      connection.transaction('IMMEDIATE', () => {
        const stored = load(told.serverName)
        const merged = mergeRemoteKeys(stored, told)
        const server = writer.touch(told.serverName, lasting, usedTs)
        if (merged.document && merged.document !== stored?.document) writer.putDocument(server, merged.document)
        const unchanged = new Set(stored?.bindings)
        for (const binding of merged.bindings) if (!unchanged.has(binding)) writer.putBinding(server, binding)
        return merged
      }),

    trim: (max) =>
      connection.read(() => {
        deletePassing.run(max)
      }),
  }
}

/** Reads what is remembered of a server; the caller holds the transaction. */
function remoteKeyReader(connection: StoreConnection): (serverName: string) => RemoteKeys | undefined {
  const selectServer = connection.prepare<{ server: number }>('SELECT server FROM remote_servers WHERE server_name = ?')
  const selectDocument = connection.prepare<DocumentRow>(
    'SELECT bytes, valid_until_ts, fetched_ts FROM key_documents WHERE server = ?',
  )
  const selectBindings = connection.prepare<BindingRow>(
    `SELECT key_id, public_key, source, told_by, first_seen_ts, valid_until_ts, expired_ts
     FROM key_bindings WHERE server = ?`,
  )

  return (serverName) => {
    const row = selectServer.get(serverName)
    if (row === undefined) return undefined
    const document = selectDocument.get(row.server)
    return {
      serverName,
      document: document && documentFrom(document),
      bindings: selectBindings.all(row.server).map(bindingFrom),
    }
  }
}

/** The single writes of a save; the caller holds the transaction. */
interface RemoteKeyWriter {
  /** Notes that a server was used, and returns its number. */
  touch(serverName: string, lasting: boolean, usedTs: number): number
  putDocument(server: number, document: StoredKeyDocument): void
  putBinding(server: number, binding: KeyBinding): void
}

function remoteKeyWriter(connection: StoreConnection): RemoteKeyWriter {
  const upsertServer = connection.prepare<{ server: number }>(
    `INSERT INTO remote_servers (server_name, lasting, used_ts) VALUES (?, ?, ?)
     ON CONFLICT (server_name) DO UPDATE
       SET lasting = max(lasting, excluded.lasting), used_ts = max(used_ts, excluded.used_ts)
     RETURNING server`,
  )
  const replaceDocument = connection.prepare(
    'INSERT OR REPLACE INTO key_documents (server, bytes, valid_until_ts, fetched_ts) VALUES (?, ?, ?, ?)',
  )
  const replaceBinding = connection.prepare(
    `INSERT OR REPLACE INTO key_bindings
       (server, key_id, public_key, source, told_by, first_seen_ts, valid_until_ts, expired_ts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  )

  return {
    touch: (serverName, lasting, usedTs) => upsertServer.get(serverName, Number(lasting), usedTs)!.server,

    putDocument: (server, { bytes, validUntilTs, fetchedTs }) => {
      replaceDocument.run(server, bytes, validUntilTs, fetchedTs)
    },

    putBinding: (server, { keyId, publicKey, source, toldBy, firstSeenTs, validUntilTs, expiredTs }) => {
      const tellers = JSON.stringify(toldBy)
      replaceBinding.run(server, keyId, publicKey, source, tellers, firstSeenTs, validUntilTs, expiredTs ?? null)
    },
  }
}

function documentFrom(row: DocumentRow): StoredKeyDocument {
  return { bytes: plainBytes(row.bytes), validUntilTs: row.valid_until_ts, fetchedTs: row.fetched_ts }
}

function bindingFrom(row: BindingRow): KeyBinding {
  return {
    keyId: row.key_id,
    publicKey: plainBytes(row.public_key),
    source: row.source,
    toldBy: JSON.parse(row.told_by) as string[],
    firstSeenTs: row.first_seen_ts,
    validUntilTs: row.valid_until_ts,
    expiredTs: row.expired_ts ?? undefined,
  }
}
