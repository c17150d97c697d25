import { createRequire } from 'node:module'
import { FederationError } from '@manga-federation/core'
import { withRowsOfLists } from './node-rows.ts'

/** What a parameter or a column can hold. */
export type SqlValue = string | number | Uint8Array | null

/** One row, by column name. */
export type SqlRow = Record<string, SqlValue>

/** A prepared statement, with the columns that its SQL selects. */
export interface SqlStatement<Row extends SqlRow = SqlRow> {
  run(...parameters: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...parameters: SqlValue[]): Row | undefined
  all(...parameters: SqlValue[]): Row[]
  /** Row by row; one that is not read on needs no more work. */
  iterate(...parameters: SqlValue[]): Iterable<Row>
}

/** The part of a connection that both drivers have, under the same names. */
export interface SqlConnection {
  exec(sql: string): unknown
  prepare<Row extends SqlRow>(sql: string): SqlStatement<Row>
  close(): unknown
}

/** Opens the database file at `path`. Throws what the driver throws. */
export type SqlDriver = (path: string) => SqlConnection

type ConnectionClass = new (path: string) => SqlConnection

/** `node:sqlite`, or undefined where Node has none (before 22.13). */
export function nodeDriver(): SqlDriver | undefined {
  const builtin = withoutExperimentalWarning(
    () => process.getBuiltinModule('node:sqlite') as { DatabaseSync: ConnectionClass } | undefined,
  )
  return builtin && ((path) => withRowsOfLists(new builtin.DatabaseSync(path)))
}

/**
 * `better-sqlite3`, where it is installed and its native part runs.
 *
 * @throws whatever kept it from loading.
 */
export function betterSqliteDriver(): SqlDriver {
  const BetterSqlite = createRequire(import.meta.url)('better-sqlite3') as ConnectionClass
  // The native part is loaded with the first connection, not with the module.
  new BetterSqlite(':memory:').close()
  return (path) => new BetterSqlite(path)
}

/**
 * The driver to use: what Node brings, since that needs no installation and no compiler, else better-sqlite3.
 *
 * @throws FederationError `store_unavailable` when there is neither.
 */
export function availableDriver(): SqlDriver {
  const builtin = nodeDriver()
  if (builtin !== undefined) return builtin
  try {
    return betterSqliteDriver()
  } catch (cause) {
    throw new FederationError(
      'store_unavailable',
      `Node ${process.versions.node} has no SQLite of its own, and the package better-sqlite3 could not be loaded. ` +
        'Run `npm install better-sqlite3`, or use Node 22.13 or later.',
      { cause },
    )
  }
}

/**
 * Node 22 warns once, while it loads the module, that `node:sqlite` may change. What is used here is the same in
 * all releases, and the warning would be the first thing that a site's operator sees. Loading is synchronous, so
 * no other warning can be lost.
 */
function withoutExperimentalWarning<T>(load: () => T): T {
  // oxlint-disable-next-line typescript/unbound-method -- put back below, never called from here
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
