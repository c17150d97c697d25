import type { Store } from '@manga-federation/core'
import { storeSuite } from '@manga-federation/testing'
import { Client, Pool } from 'pg'
import t, { type Test } from 'tap'
import { KIND_NUMBERS } from './kinds.ts'
import { openPostgresStore, type PostgresStoreOptions } from './postgres-store.ts'
import { TestServer, missing } from './test-server.ts'

t.test('the store conformance suite', { skip: missing }, async (t) => {
  const server = await TestServer.start(t)
  const connectionString = server.urlFor()

  await t.test('with connections of its own', (t) => runSuite(t, 'own', connectionString, { connectionString }))

  await t.test('on a pool of the site, which reads numbers, finds tables and isolates its own way', async (t) => {
    const pool = new Pool({
      connectionString,
      options: '-c default_transaction_isolation=serializable -c search_path=nowhere -c synchronous_commit=off',
      types: { getTypeParser: () => () => 'read by the site' },
    })
    t.teardown(() => pool.end())
    await runSuite(t, 'given', connectionString, { pool })
  })
})

/** Gives each store a schema of its own. */
async function runSuite(t: Test, prefix: string, connectionString: string, where: PostgresStoreOptions): Promise<void> {
  const raw = new Client({ connectionString })
  await raw.connect()
  t.teardown(() => raw.end())
  const schemas = new Map<Store, string>()
  const openIn = async (schema: string): Promise<Store> => {
    const store = await openPostgresStore({ ...where, schema })
    schemas.set(store, schema)
    return store
  }

  storeSuite({
    test: (title, run) => t.test(title, run),
    open: () => openIn(`${prefix}_${schemas.size}`),
    reopen: (store) => openIn(schemas.get(store)!),
    rawObject: async (store, origin, kind, id) => {
      const schema = schemas.get(store)!
      const { rows } = await raw.query<{ body: Uint8Array }>(
        `SELECT body FROM ${schema}.catalogs
         JOIN ${schema}.objects USING (catalog) JOIN ${schema}.entries USING (catalog, seq)
         WHERE origin = $1 AND kind = $2 AND id = $3`,
        [origin, KIND_NUMBERS[kind], id],
      )
      return rows[0]?.body
    },
  })
}
