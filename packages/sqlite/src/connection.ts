import { FederationError } from '@manga-federation/core'
import { explained } from './sqlite-errors.ts'
import type { SqlConnection, SqlDriver, SqlRow, SqlStatement } from './driver.ts'

/** How long to wait for another process that writes. A commit takes milliseconds; a backup tool may take longer. */
const BUSY_TIMEOUT_MS = 5000

/**
 * After so many pages (of 4 KiB) the write-ahead log is copied into the file. A catalog that is published in an order
 * of its own changes the same pages again and again: the later they are copied, the fewer times.
 */
const CHECKPOINT_PAGES = 16_000

/** Pages kept in memory, in KiB: enough for the inner and the hot pages of 300,000 objects; SQLite's default is 2 MiB. */
const CACHE_KIB = 8 * 1024

/** What is left of the write-ahead log after a burst of commits: the size at which it is copied. */
const JOURNAL_LIMIT_BYTES = CHECKPOINT_PAGES * 4096

/**
 * What holds for each connection. Each commit reaches the disk before it is told of (FULL): what was committed is
 * published at once, and a commit that a power loss took back would let two different objects go out under one
 * revision. `fullfsync` is what "reaches the disk" takes on macOS; elsewhere it does nothing.
 * What a pass marks is lost with the process anyway, so its journal need not be a file.
 */
const SETTINGS = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
  PRAGMA journal_size_limit = ${JOURNAL_LIMIT_BYTES};
  PRAGMA foreign_keys = ON;
  PRAGMA cache_size = -${CACHE_KIB};
  PRAGMA temp.journal_mode = MEMORY;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;
`

/** Opens a connection and applies the settings that hold for each. */
export function connect(driver: SqlDriver, path: string): SqlConnection {
  const connection = driver(path)
  connection.exec(SETTINGS)
  return connection
}

/** The store's one connection: runs work on it, in transactions, and explains what fails. */
export class StoreConnection {
  readonly #connection: SqlConnection
  readonly #path: string
  #closed = false

  constructor(connection: SqlConnection, path: string) {
    this.#connection = connection
    this.#path = path
  }

  prepare<Row extends SqlRow>(sql: string): SqlStatement<Row> {
    return this.#connection.prepare<Row>(sql)
  }

  /** Runs work that reads with one statement. */
  async read<T>(work: () => T): Promise<T> {
    if (this.#closed) {
      throw new FederationError('closed', `The store ${this.#path} was closed. Open it again with openSqliteStore().`)
    }
    try {
      return work()
    } catch (thrown) {
      throw explained(thrown, this.#path)
    }
  }

  /**
   * Runs work as one transaction: all of it is stored or, when it throws, nothing.
   *
   * @param mode - `DEFERRED` waits for no other writer until it writes to the file; `IMMEDIATE` is the only writer
   *   from its start, so that what it reads still holds when it writes.
   */
  transaction<T>(mode: 'DEFERRED' | 'IMMEDIATE', work: () => T): Promise<T> {
    return this.read(() => {
      this.#connection.exec(`BEGIN ${mode}`)
      try {
        const result = work()
        this.#connection.exec('COMMIT')
        return result
      } catch (thrown) {
        this.#rollBack()
        throw thrown
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#connection.close()
  }

  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK')
    } catch {
      // After a full disk or a failed write, SQLite has rolled back by itself and says so. The first error counts.
    }
  }
}
