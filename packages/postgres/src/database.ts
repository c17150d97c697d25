import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { FederationError } from '@manga-federation/core'
import { COLUMN_TYPES } from './column-types.ts'
import { explained, isConnectionLost, isRolledBack, outcomeUnknown } from './postgres-errors.ts'
import type { PostgresClient, PostgresPool } from './postgres-pool.ts'
import { storableText } from './storable-text.ts'

/** What a parameter can hold. */
export type SqlValue = string | number | Uint8Array | null | readonly string[] | readonly number[]

/** Runs statements; parameters are `$1`, `$2` and so on. */
export interface Queries {
  all<Row>(sql: string, ...values: SqlValue[]): Promise<Row[]>
}

/** The database that a store works on, and where its connections come from. */
export interface DatabaseOptions {
  readonly pool: PostgresPool
  /** The schema that holds the store's tables, a plain identifier. */
  readonly schema: string
  /** What messages call the store, without the password. */
  readonly name: string
  /** For how long a database that cannot be reached is tried again. */
  readonly patienceMs: number
  /** Ends the pool; undefined where the pool is the site's own. */
  readonly endPool: (() => Promise<void>) | undefined
}

/** Between two attempts to reach a database that restarts. */
const RETRY_PAUSE_MS = 100

/**
 * The database: hands out connections, replaces those that broke, and explains what fails. Whoever asks while
 * PostgreSQL restarts waits for it instead of failing.
 */
export class Database implements Queries {
  /** The schema, quoted: each table is named with it, since the connections' search path is the site's. */
  readonly schema: string
  readonly schemaName: string
  readonly #options: DatabaseOptions
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(options: DatabaseOptions) {
    this.schema = `"${options.schema}"`
    this.schemaName = options.schema
    this.#options = options
  }

  /** Runs one statement that comes to the same when it runs twice, since an answer can be lost with its connection. */
  all<Row>(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    return this.#insist((queries) => queries.all<Row>(sql, ...values), true)
  }

  /** The only row of what `all` returns, or undefined. */
  async first<Row>(sql: string, ...values: SqlValue[]): Promise<Row | undefined> {
    return (await this.all<Row>(sql, ...values))[0]
  }

  /** Runs one statement that must not run twice: it fails when its answer was lost. */
  once<Row>(sql: string, ...values: SqlValue[]): Promise<Row[]> {
    return this.#insist((queries) => queries.all<Row>(sql, ...values), false)
  }

  /** Runs work as one transaction, which comes to the same when it runs twice. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#insist(async (queries) => {
      await queries.all('BEGIN ISOLATION LEVEL READ COMMITTED')
      try {
        const result = await work(queries)
        await queries.all('COMMIT')
        return result
      } catch (thrown) {
        // Where the connection broke, PostgreSQL rolls back by itself.
        if (!isConnectionLost(thrown)) await queries.all('ROLLBACK')
        throw thrown
      }
    }, true)
  }

  /** Runs what belongs to a session on a connection of its own, which is closed afterwards. */
  async withSession<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.#options.pool.connect()
    // What breaks it is told to `work` too; an error that nobody listens for would end the process.
    client.on('error', () => {})
    try {
      return await work(client)
    } finally {
      client.release(true)
    }
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Refuses new work, waits for what is running, and gives back the connections. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#options.endPool?.())
    return this.#closing
  }

  async #insist<T>(work: (queries: Queries) => Promise<T>, isRepeatable: boolean): Promise<T> {
    const running = this.#attempts(work, isRepeatable)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async #attempts<T>(work: (queries: Queries) => Promise<T>, isRepeatable: boolean): Promise<T> {
    const { name, patienceMs } = this.#options
    const giveUpAt = performance.now() + patienceMs
    for (;;) {
      if (this.isClosed) {
        throw new FederationError('closed', `The store ${name} was closed. Open it again with openPostgresStore().`)
      }
      let wasAsked = false
      try {
        const client = await this.#options.pool.connect()
        wasAsked = true
        return await lending(client, () => work(queriesOn(client)))
      } catch (thrown) {
        const isLost = isConnectionLost(thrown)
        const mayRunAgain = isRolledBack(thrown) || (isLost && (isRepeatable || !wasAsked))
        if (isLost && !mayRunAgain) throw outcomeUnknown(thrown, name)
        if (!mayRunAgain || performance.now() >= giveUpAt) throw explained(thrown, name)
      }
      await pause(RETRY_PAUSE_MS)
    }
  }
}

/** Lends a connection to `work`; one that broke meanwhile does not go back to the pool. */
async function lending<T>(client: PostgresClient, work: () => Promise<T>): Promise<T> {
  let broken: Error | undefined
  const note = (error: Error): void => {
    broken = error
  }
  client.on('error', note)
  try {
    return await work()
  } catch (thrown) {
    if (isConnectionLost(thrown)) broken = thrown as Error
    throw thrown
  } finally {
    client.release(broken)
    client.removeListener('error', note)
  }
}

/** Statements with parameters are prepared, once a connection: that saves a third of what a small one costs. */
function queriesOn(client: PostgresClient): Queries {
  return {
    async all<Row>(sql: string, ...values: SqlValue[]) {
      const prepared = values.length > 0 ? { name: statementName(sql), values: values.map(storable) } : {}
      const { rows } = await client.query({ text: sql, types: COLUMN_TYPES, ...prepared })
      return rows as Row[]
    },
  }
}

function storable(value: SqlValue): unknown {
  if (typeof value === 'string') return storableText(value)
  if (!Array.isArray(value)) return value
  return value.map((each: string | number) => (typeof each === 'string' ? storableText(each) : each))
}

const statementNames = new Map<string, string>()

/** The same name for the same text: a site may have stores in two schemas on one pool. */
function statementName(sql: string): string {
  let name = statementNames.get(sql)
  if (name === undefined) {
    name = `manga_federation_${createHash('sha256').update(sql).digest('base64url').slice(0, 22)}`
    statementNames.set(sql, name)
  }
  return name
}
