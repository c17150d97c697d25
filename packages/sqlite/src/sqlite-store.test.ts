import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Identity, Store } from '@manga-federation/core'
import t from 'tap'
import { placeIfMissing } from './database-file.ts'
import { openSqliteStore } from './index.ts'
import type { SqlConnection, SqlStatement } from './driver.ts'
import { withRowsOfLists } from './node-rows.ts'
import { openWith } from './sqlite-store.ts'
import { explained } from './sqlite-errors.ts'
import { DRIVERS, withStore } from './test-drivers.ts'

const ORIGIN = 'https://manga.example.com/v1'
const IDENTITY: Identity = {
  serverName: ORIGIN,
  keys: [{ keyId: 'ed25519:a', seed: new Uint8Array(32).fill(1), createdTs: 1_780_000_000_000, expiredTs: undefined }],
}

const LARGE = Array.from({ length: 200 }, (_, index) => ({
  kind: 'series' as const,
  id: `s${index}`,
  seriesId: undefined,
  revision: 1,
  updatedTs: 1,
  contentHash: new Uint8Array(32),
  locales: '|en|',
  searchText: 'x',
  bytes: new Uint8Array(1000).fill(index),
  seq: undefined,
  mirrorOf: undefined,
}))

/** Fills a store with enough for a file of many pages. */
async function fill(store: Store): Promise<void> {
  await store.identity.create(IDENTITY)
  await store.catalog.commit(ORIGIN, { expectedSize: 0, puts: LARGE, deletes: [], changedTs: 1 })
}

t.test('openSqliteStore', async (t) => {
  if (DRIVERS.every(({ driver }) => driver === undefined)) {
    await t.rejects(openSqliteStore({ path: ':memory:' }), {
      code: 'store_unavailable',
      message: /npm install better-sqlite3/,
    })
    return
  }
  const path = join(t.testdir(), 'manga-federation.db')
  const store = await openSqliteStore({ path })
  t.same(await store.identity.create(IDENTITY), IDENTITY)
  await store.close()
  await t.rejects(openSqliteStore({ path: '' }), { code: 'invalid_option' })
  await t.rejects(openSqliteStore({} as { path: string }), { code: 'invalid_option' })
})

for (const { name, driver, missing } of DRIVERS) {
  t.test(`on ${name}`, { skip: missing ?? false }, async (t) => {
    const open = (path: string): Store => openWith(driver!, path)
    const sql = (path: string, statements: string): void => {
      const connection = driver!(path)
      connection.exec(statements)
      connection.close()
    }

    t.test(
      'the file and its side files are for their owner alone, and nothing else is left in the folder',
      async (t) => {
        const folder = t.testdir()
        const umask = process.umask(0)
        const store = open(join(folder, 'store.db'))
        await fill(store)
        process.umask(umask)
        t.same(readdirSync(folder).sort(), ['store.db', 'store.db-shm', 'store.db-wal'])
        for (const file of readdirSync(folder)) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
        await store.close()
        t.same(readdirSync(folder), ['store.db'])
      },
    )

    t.test('rows are objects of one kind, which leave no hidden class behind each', (t) => {
      const connection = driver!(':memory:')
      t.teardown(() => void connection.close())
      connection.exec('CREATE TABLE things (id TEXT, size INTEGER, bytes BLOB)')
      const insert = connection.prepare('INSERT INTO things VALUES (?, ?, ?)')
      t.equal(insert.run('a', 1, new Uint8Array([1])).changes, 1)
      insert.run('b', null, null)
      const select = connection.prepare('SELECT id, size, bytes FROM things WHERE id >= ? ORDER BY id')
      const rows = select.all('a')
      t.same(
        rows.map(({ id, size }) => [id, size]),
        [
          ['a', 1],
          ['b', null],
        ],
      )
      t.same([...(rows[0]!.bytes as Uint8Array)], [1])
      t.same([...select.iterate('b')], [rows[1]])
      t.same(select.get('b'), rows[1])
      t.equal(select.get('c'), undefined)
      for (const row of [...rows, select.get('a')!]) t.equal(Object.getPrototypeOf(row), Object.prototype)
      t.end()
    })

    // SQLite refuses a statement with an INDEXED BY that it cannot follow.
    t.test('the chapters of one series are found by their index', async (t) => {
      const path = join(t.testdir(), 'store.db')
      await withStore(driver!, path, async (store) => {
        const chapters = LARGE.map((object) => ({ ...object, kind: 'chapter' as const, seriesId: object.id }))
        await store.catalog.commit(ORIGIN, { expectedSize: 0, puts: chapters, deletes: [], changedTs: 1 })
        const query = { origin: ORIGIN, kind: 'chapter', seriesId: 's7', limit: 5 } as const
        t.same(
          (await store.catalog.list(query)).map(({ id }) => id),
          ['s7'],
        )
      })
    })

    t.test('a forgotten catalog leaves no row, nor does one that another process began to forget', async (t) => {
      const path = join(t.testdir(), 'store.db')
      await withStore(driver!, path, fill)
      sql(path, 'UPDATE catalogs SET origin = NULL')
      await withStore(driver!, path, async ({ catalog }) => {
        const log = { entries: [], head: undefined, withheld: [{ kind: 'series', id: 'w', seq: 0 }] } as const
        await catalog.commit(ORIGIN, { expectedSize: 0, puts: LARGE, deletes: [], changedTs: 1 })
        const deletes = LARGE.slice(0, 5)
        await catalog.commit(ORIGIN, { expectedSize: LARGE.length, puts: [], deletes, changedTs: 1 })
        await catalog.commit(ORIGIN, { expectedSize: LARGE.length + 5, puts: [], deletes: [], changedTs: 1, log })
        await catalog.forget(ORIGIN)
      })
      const connection = driver!(path)
      for (const table of ['catalogs', 'entries', 'objects', 'deletions', 'withheld']) {
        t.equal(connection.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n, 0, table)
      }
      connection.close()
    })

    t.test('what cannot be a store is refused, says why, and is left as it is', async (t) => {
      const folder = t.testdir({
        'text.db': 'not a database, but a text that somebody wrote '.repeat(50),
        'empty.db': '',
      })
      const at = (file: string): string => join(folder, file)
      for (const file of ['foreign.db', 'newer.db', 'cut.db', 'beaten.db', 'identity.db', 'tableless.db']) {
        if (file !== 'foreign.db') await withStore(driver!, at(file), fill)
      }
      sql(at('foreign.db'), 'CREATE TABLE guestbook (entry TEXT)')
      sql(at('newer.db'), 'PRAGMA user_version = 999')
      sql(at('tableless.db'), 'DROP TABLE objects')
      writeFileSync(at('cut.db'), readFileSync(at('cut.db')).subarray(0, 20_000))
      writeFileSync(at('beaten.db'), overwritten(readFileSync(at('beaten.db')), 0, 4096))
      writeFileSync(at('identity.db'), overwritten(readFileSync(at('identity.db')), 4096, 8 * 4096))
      mkdirSync(at('folder.db'))
      const cases: [file: string, code: string, says: RegExp][] = [
        ['text.db', 'store_damaged', /not a SQLite file.*signing key/],
        ['empty.db', 'store_damaged', /is empty.*restore a backup/],
        ['cut.db', 'store_damaged', /damaged.*signing key.*backup/],
        ['beaten.db', 'store_damaged', /not a SQLite file.*backup/],
        ['identity.db', 'store_damaged', /damaged.*signing key.*backup/],
        ['tableless.db', 'store_damaged', /lacks what a store has.*backup/],
        ['foreign.db', 'store_unavailable', /another application\. Choose another path/],
        ['newer.db', 'store_unavailable', /newer version.*Upgrade/],
        ['folder.db', 'store_unavailable', /cannot be opened/],
        ['no/such/folder/store.db', 'store_unavailable', /folder does not exist/],
        ['text.db/store.db', 'store_unavailable', /a file where a folder should be/],
      ]
      for (const [file, code, says] of cases) {
        const before = contentOf(at(file))
        t.throws(() => open(at(file)), { code, message: says }, file)
        t.throws(() => open(at(file)), { message: new RegExp(file) }, `${file} is named`)
        t.same(contentOf(at(file)), before, `${file} is as it was`)
      }
    })

    t.test(
      'a folder without permission is refused',
      { skip: process.getuid?.() === 0 ? 'root may do all' : false },
      async (t) => {
        const folder = t.testdir()
        chmodSync(folder, 0o500)
        t.throws(() => open(join(folder, 'store.db')), { code: 'store_unavailable', message: /may not write/ })
        chmodSync(folder, 0o700)
      },
    )

    t.test('damage that is met later is reported as damage', async (t) => {
      const path = join(t.testdir(), 'store.db')
      await withStore(driver!, path, fill)
      const bytes = readFileSync(path)
      writeFileSync(path, overwritten(bytes, 32 * 4096, bytes.length))
      await withStore(driver!, path, async (store) => {
        t.same(await store.identity.load(), IDENTITY)
        const read = store.catalog.list({ origin: ORIGIN, kind: 'series', limit: 1000 })
        await t.rejects(read, { code: 'store_damaged', message: /damaged.*signing key.*backup/ })
      })
    })

    t.test('a lock that another program holds is explained', async (t) => {
      const path = join(t.testdir(), 'store.db')
      await withStore(driver!, path, fill)
      const [holder, waiter] = [driver!(path), driver!(path)]
      holder.exec('BEGIN IMMEDIATE')
      // The store waits for seconds; the error is the same without waiting.
      waiter.exec('PRAGMA busy_timeout = 0')
      try {
        waiter.exec('BEGIN IMMEDIATE')
        t.fail('two transactions at once')
      } catch (thrown) {
        const says = { code: 'store_unavailable', message: /store\.db: Another process kept the file locked/ }
        t.match(explained(thrown, path), says)
      }
      holder.close()
      waiter.close()
    })

    t.test('what one driver wrote, another reads', async (t) => {
      const path = join(t.testdir(), 'store.db')
      await withStore(driver!, path, fill)
      for (const { driver: each } of DRIVERS) {
        if (each === undefined) continue
        t.equal(await withStore(each, path, (store) => store.catalog.count(ORIGIN, 'series')), LARGE.length)
      }
    })
  })
}

t.test('where node:sqlite returns no lists, its rows are taken as they are', (t) => {
  const statement = { get: () => ({ id: 'a' }) } as unknown as SqlStatement
  const connection = { exec() {}, prepare: () => statement, close() {} } as unknown as SqlConnection
  t.equal(withRowsOfLists(connection).prepare('SELECT 1'), statement)
  t.end()
})

t.test('a file is put in place only where there is none, on one disk and across two', async (t) => {
  const folder = t.testdir({ draft: 'new', existing: 'old' })
  const otherDisk = '/dev/shm'
  const targets = [join(folder, 'placed')]
  if (existsSync(otherDisk) && statSync(otherDisk).dev !== statSync(folder).dev) {
    targets.push(join(otherDisk, `manga-federation-test-${process.pid}`))
  } else t.comment('skipped: no second disk, where a hard link is impossible')
  for (const target of targets) {
    t.teardown(() => rmSync(target, { force: true }))
    placeIfMissing(join(folder, 'draft'), target)
    t.equal(readFileSync(target, 'utf8'), 'new')
    writeFileSync(join(folder, 'draft 2'), 'newer')
    placeIfMissing(join(folder, 'draft 2'), target)
    t.equal(readFileSync(target, 'utf8'), 'new')
  }
  t.throws(() => placeIfMissing(join(folder, 'draft'), join(folder, 'none', 'placed')), { code: 'ENOENT' })
})

/** The bytes with some of them replaced by nonsense. */
function overwritten(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.from(bytes).fill(0xa5, start, end)
}

function contentOf(path: string): Uint8Array | undefined {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path) : undefined
}
