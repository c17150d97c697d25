import type { BalancerStore, LoadBalancer } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'

type BalancerRow = {
  server_name: string
  state: LoadBalancer['state']
  registered_ts: number
  error_code: string | null
  error_message: string | null
  failures: number
  checked_ts: number | null
  succeeded_ts: number | null
  next_poll_ts: number
}

const COLUMNS =
  'server_name, state, registered_ts, error_code, error_message, failures, checked_ts, succeeded_ts, next_poll_ts'

/** The load balancers of this server, in the table `balancers`. */
export function balancerTable(connection: StoreConnection): BalancerStore {
  const selectAll = connection.prepare<BalancerRow>(`SELECT ${COLUMNS} FROM balancers ORDER BY server_name`)
  const selectOne = connection.prepare<BalancerRow>(`SELECT ${COLUMNS} FROM balancers WHERE server_name = ?`)
  const upsert = connection.prepare(`INSERT OR REPLACE INTO balancers (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const remove = connection.prepare('DELETE FROM balancers WHERE server_name = ?')

  return {
    list: () => connection.read(() => selectAll.all().map(balancerFrom)),

    get: (serverName) =>
      connection.read(() => {
        const row = selectOne.get(serverName)
        return row && balancerFrom(row)
      }),

    put: ({ serverName, state, registeredTs, error, failures, checkedTs, succeededTs, nextPollTs }) =>
      connection.read(() => {
        const told = [error?.code ?? null, error?.message ?? null]
        const polled = [failures, checkedTs ?? null, succeededTs ?? null, nextPollTs]
        upsert.run(serverName, state, registeredTs, ...told, ...polled)
      }),

    delete: (serverName) =>
      connection.read(() => {
        remove.run(serverName)
      }),
  }
}

function balancerFrom(row: BalancerRow): LoadBalancer {
  const { error_code: code, error_message: message } = row
  return {
    serverName: row.server_name,
    state: row.state,
    registeredTs: row.registered_ts,
    error: code === null || message === null ? undefined : { code, message },
    failures: row.failures,
    checkedTs: row.checked_ts ?? undefined,
    succeededTs: row.succeeded_ts ?? undefined,
    nextPollTs: row.next_poll_ts,
  }
}
