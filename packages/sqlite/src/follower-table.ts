import type { Follower, FollowerStore } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'

type FollowerRow = {
  server_name: string
  subscribed_ts: number
  acknowledged_size: number
  failures: number
  failing_since_ts: number | null
  next_try_ts: number
  last_error: string | null
}

const COLUMNS = 'server_name, subscribed_ts, acknowledged_size, failures, failing_since_ts, next_try_ts, last_error'

/** The servers that follow this one, in the table `followers`. */
export function followerTable(connection: StoreConnection): FollowerStore {
  // No name is empty, so all come behind the empty text.
  const selectPage = connection.prepare<FollowerRow>(
    `SELECT ${COLUMNS} FROM followers WHERE server_name > ? ORDER BY server_name LIMIT ?`,
  )
  const selectOne = connection.prepare<FollowerRow>(`SELECT ${COLUMNS} FROM followers WHERE server_name = ?`)
  const countAll = connection.prepare<{ n: number }>('SELECT count(*) AS n FROM followers')
  const upsert = connection.prepare(`INSERT OR REPLACE INTO followers (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  const remove = connection.prepare('DELETE FROM followers WHERE server_name = ?')

  return {
    list: ({ afterName = '', limit }) => connection.read(() => selectPage.all(afterName, limit).map(followerFrom)),

    get: (serverName) =>
      connection.read(() => {
        const row = selectOne.get(serverName)
        return row && followerFrom(row)
      }),

    count: () => connection.read(() => countAll.get()?.n ?? 0),

    put: ({ serverName, subscribedTs, acknowledgedSize, failures, failingSinceTs, nextTryTs, lastError }) =>
      connection.read(() => {
        const failing = [failures, failingSinceTs ?? null, nextTryTs, lastError ?? null]
        upsert.run(serverName, subscribedTs, acknowledgedSize, ...failing)
      }),

    delete: (serverName) => connection.read(() => Number(remove.run(serverName).changes) === 1),
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
