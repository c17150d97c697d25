import type { CatalogCommit } from '@manga-federation/core'
import { Pool } from 'pg'
import t from 'tap'
import { openPostgresStore } from './postgres-store.ts'
import { commitOf, ORIGIN } from './test-commits.ts'
import { TestServer, missing } from './test-server.ts'

const CHAPTERS = 10_000

/** PostgreSQL plans a statement so often before it considers one plan for all times. */
const TRIALS = 5
const CALLS = 10

t.test('pages of a large catalog are not planned anew each time', { skip: missing }, async (t) => {
  const server = await TestServer.start(t)
  const pool = new Pool({ connectionString: server.urlFor(), max: 1 })
  t.teardown(() => pool.end())
  const store = await openPostgresStore({ pool })
  t.teardown(() => store.close())
  await store.catalog.commit(ORIGIN, largeCommit())
  await pool.query('VACUUM ANALYZE')

  for (let call = 0; call < CALLS; call += 1) {
    const page = { origin: ORIGIN, kind: 'chapter', limit: 100 } as const
    const pages = [
      await store.catalog.list(page),
      await store.catalog.list({ ...page, afterId: `chapter-${call}` }),
      await store.catalog.list({ ...page, sinceTs: 0, locale: 'en', search: 'a' }),
      await store.catalog.list({ ...page, seriesId: 'a' }),
      (await store.log.page(ORIGIN, { since: call * 100, limit: 100, maxBytes: 1_000_000 })).entries,
    ]
    t.same(new Set(pages.map(({ length }) => length)), new Set([100]))
  }

  const { rows } = await pool.query<{ statement: string; custom_plans: string }>(
    `SELECT statement, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%LIMIT%'`,
  )
  t.equal(rows.length, 5)
  for (const { statement, custom_plans: plans } of rows) t.equal(Number(plans), TRIALS, statement)
})

/** All chapters in one commit. */
function largeCommit(): CatalogCommit {
  const commits = Array.from({ length: CHAPTERS / 10 }, (_, index) => commitOf('a', index * 10))
  return {
    ...commits.at(-1)!,
    expectedSize: 0,
    puts: commits.flatMap(({ puts }) => puts),
    log: { ...commits.at(-1)!.log!, entries: commits.flatMap(({ log }) => log!.entries) },
  }
}
