import { createRequire, isBuiltin } from 'node:module'

/** What may be bound to a `?`, and what a column holds. */
export type SqlValue = string | number | null

/** A prepared statement; the part that `node:sqlite` and `better-sqlite3` have in common. */
export interface Statement<Row = unknown> {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): Row[]
}

/** An open SQLite database. */
export interface Database {
  exec(sql: string): void
  prepare<Row = unknown>(sql: string): Statement<Row>
  close(): void
}

type DatabaseConstructor = new (path: string, options?: { timeout: number }) => Database

/** How long to wait for another process that writes; Node's own driver would not wait at all. */
const BUSY_TIMEOUT_MS = 5000

/**
 * Opens a SQLite file, with Node's own driver (22.13 and later) or else with `better-sqlite3`.
 *
 * @param path where the file is or shall be made, or `:memory:`.
 * @throws Error if this Node has neither.
 */
export function openDatabase(path: string): Database {
  const require = createRequire(import.meta.url)
  const Driver = isBuiltin('node:sqlite') ? nodeDriver(require) : betterSqliteDriver(require)
  return new Driver(path, { timeout: BUSY_TIMEOUT_MS })
}

function nodeDriver(require: NodeJS.Require): DatabaseConstructor {
  const sqlite: { DatabaseSync: DatabaseConstructor } = require('node:sqlite')
  return sqlite.DatabaseSync
}

function betterSqliteDriver(require: NodeJS.Require): DatabaseConstructor {
  try {
    const BetterSqlite: DatabaseConstructor = require('better-sqlite3')
    // Its native part is loaded with the first database, not with the package.
    new BetterSqlite(':memory:').close()
    return BetterSqlite
  } catch (cause) {
    throw new Error('This Node has no SQLite. Use Node 22.13 or later, or run `npm install better-sqlite3`.', { cause })
  }
}
