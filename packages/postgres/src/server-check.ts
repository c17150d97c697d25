import { FederationError } from '@manga-federation/core'
import type { Database } from './database.ts'

/** The oldest release that still gets corrections when this is written; `server_version_num`. */
const MIN_VERSION = 14_00_00

/** What of the server and its settings the store rests on. */
export interface ServerFacts {
  /** `server_version_num`: 150004 for 15.4. */
  readonly version: number
  readonly encoding: string
  readonly bytea_output: string
  readonly is_replica: boolean
}

/** Asks the server what it is, and refuses one that cannot hold a store. */
export async function checkServer(database: Database, name: string): Promise<void> {
  const facts = await database.first<ServerFacts>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
            current_setting('bytea_output') AS bytea_output, pg_is_in_recovery() AS is_replica`,
  )
  const fault = facts && faultOf(facts)
  if (fault !== undefined) throw new FederationError('store_unavailable', `The store ${name}: ${fault}`)
}

/** What is wrong with a server, and what to do; undefined when nothing is. */
export function faultOf({ version, encoding, bytea_output, is_replica }: ServerFacts): string | undefined {
  if (version < MIN_VERSION) {
    const [minimum, found] = [MIN_VERSION, version].map((number) => Math.floor(number / 10_000))
    return `It needs PostgreSQL ${minimum} or later, and this is ${found}. Upgrade the server.`
  }
  if (encoding !== 'UTF8') {
    return `The database stores text as ${encoding}. Make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.`
  }
  if (bytea_output !== 'hex')
    return 'The setting bytea_output must be hex, its default: ALTER ROLE … RESET bytea_output.'
  if (is_replica) return 'It can only be read: this is a replica. Name the primary in the connection string.'
  return undefined
}
