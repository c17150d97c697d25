import { resolve } from 'node:path'
import { FederationError, type Store } from '@manga-federation/core'
import { balancerTable } from './balancer-table.ts'
import { catalogTables } from './catalog-tables.ts'
import { StoreConnection, connect } from './connection.ts'
import { makeFileIfMissing } from './database-file.ts'
import { availableDriver, type SqlDriver } from './driver.ts'
import { followerTable } from './follower-table.ts'
import { followingTable } from './following-table.ts'
import { identityTable } from './identity-table.ts'
import { logTable } from './log-table.ts'
import { nonceTable } from './nonce-table.ts'
import { remoteKeyTables } from './remote-key-tables.ts'
import { checkFile, migrate } from './schema.ts'
import { explained } from './sqlite-errors.ts'
import { transactionTable } from './transaction-table.ts'

/** Where the embedded store keeps its data. */
export interface SqliteStoreOptions {
  /**
   * Path of the SQLite file, absolute or relative to the working directory; `:memory:` keeps nothing. A missing
   * file is made, with mode 0600; its folder must exist.
   */
  readonly path: string
}

/** SQLite's own name for a database without a file. */
const IN_MEMORY = ':memory:'

/**
 * Opens the embedded store: one SQLite file, on `node:sqlite` (Node 22.13 or later) or on better-sqlite3. Several
 * processes may open one file.
 *
 * @throws FederationError `invalid_option` without a path; `store_unavailable` when the file cannot be used, is
 *   another application's or was written by a newer version; `store_damaged` when it is not what a store left.
 */
export async function openSqliteStore({ path }: SqliteStoreOptions): Promise<Store> {
  if (typeof path !== 'string' || path === '') {
    throw new FederationError('invalid_option', 'openSqliteStore needs a path, for example "manga-federation.db".')
  }
  return openWith(availableDriver(), path === IN_MEMORY ? IN_MEMORY : resolve(path))
}

/** Opens the store at an absolute path, or in memory, with the given driver. */
export function openWith(driver: SqlDriver, path: string): Store {
  try {
    if (path !== IN_MEMORY) makeFileIfMissing(path, (draft) => fillNewFile(driver, draft))
    return openConnected(driver, path)
  } catch (thrown) {
    throw explained(thrown, path)
  }
}

/** Writes an empty store. Write-ahead logging lets readers read while another process writes; the file keeps it. */
function fillNewFile(driver: SqlDriver, path: string): void {
  const connection = connect(driver, path)
  try {
    connection.exec('PRAGMA journal_mode = WAL')
    migrate(connection)
  } finally {
    connection.close()
  }
}

function openConnected(driver: SqlDriver, path: string): Store {
  const connection = connect(driver, path)
  try {
    if (path !== IN_MEMORY) checkFile(connection, path)
    migrate(connection)
    return storeOn(new StoreConnection(connection, path))
  } catch (thrown) {
    connection.close()
    throw thrown
  }
}

function storeOn(connection: StoreConnection): Store {
  return {
    identity: identityTable(connection),
    catalog: catalogTables(connection),
    remoteKeys: remoteKeyTables(connection),
    nonces: nonceTable(connection),
    log: logTable(connection),
    following: followingTable(connection),
    followers: followerTable(connection),
    balancers: balancerTable(connection),
    transactions: transactionTable(connection),
    close: () => connection.close(),
  }
}
