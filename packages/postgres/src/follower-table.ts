import type { Follower, FollowerStore } from '@manga-federation/core'
import type { Database } from './database.ts'
import { upsertSql } from './upsert.ts'

interface FollowerRow {
  readonly server_name: string
  readonly subscribed_ts: number
  readonly acknowledged_size: number
  readonly failures: number
  readonly failing_since_ts: number | null
  readonly next_try_ts: number
  readonly last_error: string | null
}

const COLUMNS = [
  'server_name',
  'subscribed_ts',
  'acknowledged_size',
  'failures',
  'failing_since_ts',
  'next_try_ts',
  'last_error',
] as const

/** The servers that follow this one, in the table `followers`. */
export function followerTable(database: Database): FollowerStore {
  const table = `${database.schema}.followers`
  const select = `SELECT ${COLUMNS.join(', ')} FROM ${table}`
  // No name is empty, so all come behind the empty text.
  const selectPage = `${select} WHERE server_name > $1 ORDER BY server_name LIMIT $2`
  const selectOne = `${select} WHERE server_name = $1`
  const countAll = `SELECT count(*) AS n FROM ${table}`
  const upsert = upsertSql(table, COLUMNS)
  const remove = `DELETE FROM ${table} WHERE server_name = $1 RETURNING 1`

  return {
    async list({ afterName = '', limit }) {
      return (await database.all<FollowerRow>(selectPage, afterName, limit)).map(followerFrom)
    },

    async get(serverName) {
      const row = await database.first<FollowerRow>(selectOne, serverName)
      return row && followerFrom(row)
    },

    async count() {
      return (await database.first<{ n: number }>(countAll))?.n ?? 0
    },

    async put({ serverName, subscribedTs, acknowledgedSize, failures, failingSinceTs, nextTryTs, lastError }) {
      const failing = [failures, failingSinceTs ?? null, nextTryTs, lastError ?? null]
      await database.all(upsert, serverName, subscribedTs, acknowledgedSize, ...failing)
    },

    async delete(serverName) {
      return (await database.once(remove, serverName)).length === 1
    },
  }
}

function followerFrom(row: FollowerRow): Follower {
  return {
    serverName: row.server_name,
    subscribedTs: row.subscribed_ts,
    acknowledgedSize: row.acknowledged_size,
    failures: row.failures,
    failingSinceTs: row.failing_since_ts ?? undefined,
    nextTryTs: row.next_try_ts,
    lastError: row.last_error ?? undefined,
  }
}
