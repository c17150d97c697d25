import type { BalancerStore, LoadBalancer } from '@manga-federation/core'
import type { Database } from './database.ts'
import { upsertSql } from './upsert.ts'

interface BalancerRow {
  readonly server_name: string
  readonly state: LoadBalancer['state']
  readonly registered_ts: number
  readonly error_code: string | null
  readonly error_message: string | null
  readonly failures: number
  readonly checked_ts: number | null
  readonly succeeded_ts: number | null
  readonly next_poll_ts: number
}

const COLUMNS = [
  'server_name',
  'state',
  'registered_ts',
  'error_code',
  'error_message',
  'failures',
  'checked_ts',
  'succeeded_ts',
  'next_poll_ts',
] as const

/** The load balancers of this server, in the table `balancers`. */
export function balancerTable(database: Database): BalancerStore {
  const table = `${database.schema}.balancers`
  const select = `SELECT ${COLUMNS.join(', ')} FROM ${table}`
  const selectAll = `${select} ORDER BY server_name`
  const selectOne = `${select} WHERE server_name = $1`
  const upsert = upsertSql(table, COLUMNS)
  const remove = `DELETE FROM ${table} WHERE server_name = $1`

  return {
    async list() {
      return (await database.all<BalancerRow>(selectAll)).map(balancerFrom)
    },

    async get(serverName) {
      const row = await database.first<BalancerRow>(selectOne, serverName)
      return row && balancerFrom(row)
    },

    async put({ serverName, state, registeredTs, error, failures, checkedTs, succeededTs, nextPollTs }) {
      const told = [error?.code ?? null, error?.message ?? null]
      const polled = [failures, checkedTs ?? null, succeededTs ?? null, nextPollTs]
      await database.all(upsert, serverName, state, registeredTs, ...told, ...polled)
    },

    async delete(serverName) {
      await database.all(remove, serverName)
    },
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
