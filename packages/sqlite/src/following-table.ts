import type { FollowingStore } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { plainBytes } from './plain-bytes.ts'

/** The servers that are followed, in the table `following`. */
export function followingTable(connection: StoreConnection): FollowingStore {
  const selectAll = connection.prepare<{ server_name: string; record: Uint8Array }>(
    'SELECT server_name, record FROM following ORDER BY server_name',
  )
  const selectRecord = connection.prepare<{ record: Uint8Array }>('SELECT record FROM following WHERE server_name = ?')
  const upsert = connection.prepare('INSERT OR REPLACE INTO following (server_name, record) VALUES (?, ?)')
  const remove = connection.prepare('DELETE FROM following WHERE server_name = ?')

  return {
    list: () =>
      connection.read(() =>
        selectAll.all().map((row) => ({ serverName: row.server_name, record: plainBytes(row.record) })),
      ),

    get: (serverName) =>
      connection.read(() => {
        const row = selectRecord.get(serverName)
        return row && plainBytes(row.record)
      }),

    put: ({ serverName, record }) =>
      connection.read(() => {
        upsert.run(serverName, record)
      }),

    delete: (serverName) =>
      connection.read(() => {
        remove.run(serverName)
      }),
  }
}
