import { FederationError, type SharedStore, type Store } from '@manga-federation/core'
import { Client, Pool } from 'pg'
import { balancerTable } from './balancer-table.ts'
import { catalogTables } from './catalog-tables.ts'
import { Database, type DatabaseOptions } from './database.ts'
import { followerTable } from './follower-table.ts'
import { followingTable } from './following-table.ts'
import { identityTable } from './identity-table.ts'
import { logTable } from './log-table.ts'
import { markTables } from './mark-tables.ts'
import { migrate } from './migrations.ts'
import { nonceTable } from './nonce-table.ts'
import { NewsChannel } from './news-channel.ts'
import type { PostgresPool } from './postgres-pool.ts'
import { remoteKeyTable } from './remote-key-table.ts'
import { checkServer } from './server-check.ts'
import { transactionTable } from './transaction-table.ts'
import { workTable } from './work-table.ts'

/** Which database holds the store. Exactly one of `connectionString` and `pool` is given. */
export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database`, with `?sslmode=…` where TLS is wanted. */
  readonly connectionString?: string | undefined
  /**
   * A `Pool` of `pg` of the site's own, which the store does not end, and for whose `error` event the site listens. One
   * connection of it is kept while somebody listens for news.
   */
  readonly pool?: PostgresPool | undefined
  /**
   * The schema that holds the store's tables: lower-case letters, digits and `_`, at most 50 characters, not beginning
   * with a digit. It is made when it is not there. Default is `manga_federation`.
   */
  readonly schema?: string | undefined
}

/** A store that several processes share, on one machine or many. */
export interface PostgresStore extends Store {
  readonly shared: SharedStore
}

/** Apart from the site's own tables. */
const DEFAULT_SCHEMA = 'manga_federation'

/** An identifier of PostgreSQL has 63 bytes, and the channel of commits is named after the schema. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,49}$/

/** As long as a restart of PostgreSQL takes; requests wait meanwhile. */
const PATIENCE_MS = 5000

/** Until a connection is there, or one of the pool is free. */
const CONNECT_TIMEOUT_MS = 10_000

/** No statement of the store comes near: beyond this the network is broken, and its end would be noticed much later. */
const ANSWER_TIMEOUT_MS = 60_000

/** Before a silent connection is probed: firewalls forget it after some minutes. */
const KEEP_ALIVE_MS = 30_000

/**
 * Opens the store in a PostgreSQL database, 14 or later, and makes its tables when they are not there.
 *
 * @throws FederationError `invalid_option`; `store_unavailable` when the server cannot be reached, refuses, is too old
 *   or holds something else; `store_damaged` when tables are missing. No message contains the password.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  return openOn({ ...databaseOptions(options), patienceMs: PATIENCE_MS })
}

/** Opens the store with connections from elsewhere. */
export async function openOn(options: DatabaseOptions): Promise<PostgresStore> {
  const database = new Database(options)
  try {
    await checkServer(database, options.name)
    await migrate(database)
    return storeOn(database)
  } catch (thrown) {
    await database.close()
    throw thrown
  }
}

/** Checks the options and makes the pool when none is given; connects to nothing. */
export function databaseOptions(options: PostgresStoreOptions): Omit<DatabaseOptions, 'patienceMs'> {
  const { connectionString, pool, schema = DEFAULT_SCHEMA } = options
  if (!SCHEMA_NAME.test(schema)) {
    throw invalid('schema must be at most 50 lower-case letters, digits and _, and not begin with a digit.')
  }
  if (pool !== undefined && connectionString === undefined) {
    return { pool, schema, name: `in PostgreSQL (schema ${schema} of the given pool)`, endPool: undefined }
  }
  if (pool !== undefined || typeof connectionString !== 'string' || connectionString === '') {
    throw invalid('needs either a connectionString, for example "postgres://user@localhost/site", or a pool of pg.')
  }
  const name = `in PostgreSQL (schema ${schema} of ${addressOf(connectionString)})`
  const ownPool = new Pool({
    connectionString,
    fallback_application_name: 'manga-federation',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  })
  // An idle connection that breaks has left the pool already; the next statement gets another one.
  ownPool.on('error', () => {})
  return { pool: ownPool, schema, name, endPool: () => ownPool.end() }
}

/** What may be told of a connection string. What `pg` throws over one contains all of it, so it is no cause. */
function addressOf(connectionString: string): string {
  try {
    const { host, port, database } = new Client({ connectionString })
    return `${host}:${port}/${database ?? ''}`
  } catch {
    throw invalid('cannot read the connectionString. It looks like "postgres://user:password@host:5432/database".')
  }
}

function invalid(says: string): FederationError {
  return new FederationError('invalid_option', `openPostgresStore: ${says}`)
}

function storeOn(database: Database): PostgresStore {
  const marks = markTables(database)
  const work = workTable(database)
  const news = new NewsChannel(database)
  return {
    identity: identityTable(database),
    catalog: catalogTables(database, marks.methods),
    remoteKeys: remoteKeyTable(database),
    nonces: nonceTable(database),
    log: logTable(database),
    following: followingTable(database),
    followers: followerTable(database),
    transactions: transactionTable(database),
    balancers: balancerTable(database),
    shared: { ...work.methods, tell: (told) => news.tell(told), listen: (listener) => news.listen(listener) },
    async close() {
      // What is left when the database cannot be reached any more expires by itself.
      await Promise.allSettled([marks.endAll(), work.releaseAll(), news.close()])
      await database.close()
    },
  }
}
