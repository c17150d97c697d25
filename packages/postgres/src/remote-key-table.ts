import { mergeRemoteKeys, type KeyBinding, type RemoteKeys, type RemoteKeyStore } from '@manga-federation/core'
import { fromBase64, toBase64 } from './base64.ts'
import type { Database } from './database.ts'

interface ServerRow {
  readonly document: Uint8Array | null
  readonly valid_until_ts: number
  readonly fetched_ts: number
  readonly bindings: string
}

/** A binding as it lies in the column `bindings`. */
type BindingJson = Omit<KeyBinding, 'publicKey'> & { readonly publicKey: string }

/** The keys of other servers, in the table `remote_servers`: a row is read, merged and written as a whole. */
export function remoteKeyTable(database: Database): RemoteKeyStore {
  const { schema } = database
  const columns = 'document, valid_until_ts, fetched_ts, bindings'
  const selectServer = `SELECT ${columns} FROM ${schema}.remote_servers WHERE server_name = $1`
  // Locks the row, which is made when it is not there, until the transaction ends.
  const touchServer = `
    INSERT INTO ${schema}.remote_servers AS known (server_name, lasting, used_ts, bindings)
    VALUES ($1, $2::int::boolean, $3, '[]')
    ON CONFLICT (server_name) DO UPDATE
      SET lasting = known.lasting OR excluded.lasting, used_ts = greatest(known.used_ts, excluded.used_ts)
    RETURNING ${columns}`
  const updateServer = `
    UPDATE ${schema}.remote_servers SET document = $2, valid_until_ts = $3, fetched_ts = $4, bindings = $5
    WHERE server_name = $1`
  const deletePassing = `
    DELETE FROM ${schema}.remote_servers WHERE server_name IN (
      SELECT server_name FROM ${schema}.remote_servers WHERE NOT lasting ORDER BY used_ts DESC OFFSET $1
    )`

  return {
    async load(serverName) {
      const row = await database.first<ServerRow>(selectServer, serverName)
      return row && keysFrom(serverName, row)
    },

    save: ({ lasting, usedTs, ...told }) =>
      database.transaction(async (queries) => {
        const [row] = await queries.all<ServerRow>(touchServer, told.serverName, Number(lasting), usedTs)
        const merged = mergeRemoteKeys(keysFrom(told.serverName, row!), told)
        const { document, bindings } = merged
        const columnsOfDocument = [
          document?.bytes ?? null,
          document?.validUntilTs ?? null,
          document?.fetchedTs ?? null,
        ] as const
        await queries.all(
          updateServer,
          told.serverName,
          ...columnsOfDocument,
          JSON.stringify(bindings.map(bindingJson)),
        )
        return merged
      }),

    async trim(max) {
      await database.all(deletePassing, max)
    },
  }
}

function keysFrom(serverName: string, row: ServerRow): RemoteKeys {
  const { document: bytes, valid_until_ts: validUntilTs, fetched_ts: fetchedTs } = row
  return {
    serverName,
    document: bytes === null ? undefined : { bytes, validUntilTs, fetchedTs },
    bindings: (JSON.parse(row.bindings) as BindingJson[]).map(bindingFrom),
  }
}

function bindingJson({ publicKey, ...binding }: KeyBinding): BindingJson {
  return { ...binding, publicKey: toBase64(publicKey) }
}

/** JSON leaves out what is undefined. */
function bindingFrom({ publicKey, expiredTs, ...binding }: BindingJson): KeyBinding {
  return { ...binding, expiredTs, publicKey: fromBase64(publicKey) }
}
