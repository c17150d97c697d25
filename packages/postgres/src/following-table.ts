import type { FollowedOrigin, FollowingStore } from '@manga-federation/core'
import type { Database } from './database.ts'

/** The servers that are followed, in the table `following`. */
export function followingTable(database: Database): FollowingStore {
  const { schema } = database
  const selectAll = `SELECT server_name AS "serverName", record FROM ${schema}.following ORDER BY server_name`
  const selectRecord = `SELECT record FROM ${schema}.following WHERE server_name = $1`
  const upsert = `
    INSERT INTO ${schema}.following (server_name, record) VALUES ($1, $2)
    ON CONFLICT (server_name) DO UPDATE SET record = excluded.record`
  const remove = `DELETE FROM ${schema}.following WHERE server_name = $1`

  return {
    list: () => database.all<FollowedOrigin>(selectAll),

    async get(serverName) {
      return (await database.first<{ record: Uint8Array }>(selectRecord, serverName))?.record
    },

    async put({ serverName, record }) {
      await database.all(upsert, serverName, record)
    },

    async delete(serverName) {
      await database.all(remove, serverName)
    },
  }
}
