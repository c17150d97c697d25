import { FederationError } from '@manga-federation/core'
import { createCommitFunction } from './commit-function.ts'
import { newsChannel } from './news-channel.ts'
import type { Database, Queries } from './database.ts'
import { createTables } from './tables.ts'

/** Each entry brings the schema to the next version. Entries that were released never change. */
const MIGRATIONS: readonly ((schema: string, channel: string) => string)[] = [
  (schema, channel) => createTables(schema) + createCommitFunction(schema, channel),
]

/** By this table a schema is known as a store's. */
const VERSIONS_TABLE = 'manga_federation_versions'

/**
 * Brings the schema to the newest version, once among all processes: all at once or not at all.
 *
 * @throws FederationError `store_unavailable` when the schema is another application's or was made by a newer version.
 */
export async function migrate(database: Database): Promise<void> {
  if ((await versionOf(database, database)) === MIGRATIONS.length) return
  await database.transaction(async (queries) => {
    // The lock ends with the transaction. Another process may have migrated until it was given.
    await queries.all('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', `manga_federation ${database.schema}`)
    const version = await versionOf(database, queries)
    if (version === undefined) await createSchema(database, queries)
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index < (version ?? 0)) continue
      await queries.all(migration(database.schema, newsChannel(database.schemaName)))
      await queries.all(`INSERT INTO ${database.schema}.${VERSIONS_TABLE} (version) VALUES ($1)`, index + 1)
    }
  })
}

/** The version of the schema; undefined when it is not there, or empty. */
async function versionOf({ schema, schemaName }: Database, queries: Queries): Promise<number | undefined> {
  const [found] = await queries.all<{ tables: number; is_ours: boolean }>(
    `SELECT count(*) AS tables, coalesce(bool_or(relname = $2), false) AS is_ours
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $1 AND relkind IN ('r', 'v', 'p')`,
    schemaName,
    VERSIONS_TABLE,
  )
  if (found?.is_ours !== true) {
    if ((found?.tables ?? 0) === 0) return undefined
    throw new FederationError(
      'store_unavailable',
      `The schema ${schema} holds tables of another application. Choose a schema of its own for the store.`,
    )
  }
  const [{ version } = { version: 0 }] = await queries.all<{ version: number }>(
    `SELECT max(version) AS version FROM ${schema}.${VERSIONS_TABLE}`,
  )
  if (version <= MIGRATIONS.length) return version
  throw new FederationError(
    'store_unavailable',
    `The store in schema ${schema} was written by a newer version of @manga-federation/postgres. Upgrade to that version.`,
  )
}

/** An administrator may have made the schema for a user who may not: then it is only filled. */
async function createSchema({ schema, schemaName }: Database, queries: Queries): Promise<void> {
  const [existing] = await queries.all('SELECT FROM pg_namespace WHERE nspname = $1', schemaName)
  if (existing === undefined) await queries.all(`CREATE SCHEMA ${schema}`)
  await queries.all(
    `CREATE TABLE ${schema}.${VERSIONS_TABLE} (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
  )
}
