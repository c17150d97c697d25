import { inspect } from 'node:util'
import { FederationError } from '@manga-federation/core'
import t from 'tap'
import { explained } from './postgres-errors.ts'
import { databaseOptions, openOn, openPostgresStore, type PostgresStoreOptions } from './postgres-store.ts'
import { faultOf } from './server-check.ts'
import { ORIGIN, append, commitOf } from './test-commits.ts'
import { TestServer, missing } from './test-server.ts'

const SECRET = 'open-sesame'

t.test('options that cannot be meant are refused, and no message tells the password', async (t) => {
  const pool = { connect: () => Promise.reject(new Error('not called')) }
  const cases: readonly (readonly [options: PostgresStoreOptions, says: RegExp])[] = [
    [{}, /either a connectionString.* or a pool/],
    [{ connectionString: '' }, /either/],
    [{ connectionString: 'postgres://localhost/site', pool }, /either/],
    [{ connectionString: `postgres://user:${SECRET}@[/site` }, /cannot read the connectionString/],
    ...['Federation', '1st', 'a-b', '', 'a"b', 'x'.repeat(51)].map(
      (schema) => [{ connectionString: 'postgres://localhost/site', schema }, /schema must be/] as const,
    ),
  ]
  for (const [options, message] of cases) {
    const error = await refusal(openPostgresStore(options))
    t.match(error, { code: 'invalid_option', message })
    t.notOk(inspect(error, { depth: 10 }).includes(SECRET))
  }
})

t.test('a server that cannot hold a store is refused with what to do', async (t) => {
  const good = { version: 15_00_18, encoding: 'UTF8', bytea_output: 'hex', is_replica: false }
  t.equal(faultOf(good), undefined)
  t.match(faultOf({ ...good, version: 13_00_22 }), /needs PostgreSQL 14 or later, and this is 13/)
  t.match(faultOf({ ...good, encoding: 'LATIN1' }), /as LATIN1.*ENCODING 'UTF8'/)
  t.match(faultOf({ ...good, bytea_output: 'escape' }), /bytea_output must be hex/)
  t.match(faultOf({ ...good, is_replica: true }), /replica/)
})

t.test('what PostgreSQL, the system or the driver says is told in words', async (t) => {
  const cases: readonly (readonly [given: { code?: string; message: string }, code: string, says: RegExp])[] = [
    [{ code: '53100', message: 'No space left on device' }, 'store_unavailable', /disk of the database is full/],
    [{ code: '57014', message: 'canceling statement' }, 'store_unavailable', /statement_timeout/],
    [{ code: '26000', message: 'prepared statement does not exist' }, 'store_unavailable', /pooler/],
    [{ code: 'XX001', message: 'invalid page in block 3' }, 'store_damaged', /restore a backup.*invalid page/],
    [{ code: '08P01', message: 'protocol violation' }, 'store_unavailable', /connection broke/],
    [{ code: 'EHOSTUNREACH', message: 'no route' }, 'store_unavailable', /firewall/],
    [{ message: 'The server does not support SSL connections' }, 'store_unavailable', /TLS/],
    [{ message: 'self-signed certificate' }, 'store_unavailable', /not trusted/],
    [{ message: 'timeout exceeded when trying to connect' }, 'store_unavailable', /enlarge the pool/],
    [{ code: '22012', message: 'division by zero' }, 'internal', /refused.*division by zero/],
  ]
  for (const [{ message, ...given }, code, says] of cases) {
    t.match(explained(Object.assign(new Error(message), given), 'x'), { code, message: says })
  }
  const two = Object.assign(new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')], ''), {
    code: 'ECONNREFUSED',
  })
  t.match(explained(two, 'x'), { message: /Nothing answers there.*::1 refused; 127\.0\.0\.1 refused/ })
  const own = new FederationError('closed', 'closed')
  t.equal(explained(own, 'x'), own)
})

t.test('opening', { skip: missing }, async (t) => {
  const server = await TestServer.start(t)
  const connectionString = server.urlFor()

  await t.test('what keeps it from opening is told in words, without the password', async (t) => {
    await server.run(`
      CREATE ROLE guarded LOGIN PASSWORD '${SECRET}';
      CREATE ROLE visitor LOGIN;
      CREATE ROLE reader LOGIN;
      ALTER ROLE reader SET default_transaction_read_only = on;
      GRANT CREATE ON DATABASE postgres TO reader;
      CREATE ROLE crowd LOGIN CONNECTION LIMIT 0;
      CREATE ROLE escaping LOGIN;
      ALTER ROLE escaping SET bytea_output = escape;
      CREATE SCHEMA shop;
      CREATE TABLE shop.orders (id int)`)
    await server.run(`CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0`)
    const password = SECRET
    const cases: readonly (readonly [connectionString: string, says: RegExp, schema?: string])[] = [
      [
        `postgres://user:${SECRET}@127.0.0.1:1/site`,
        /schema manga_federation of 127\.0\.0\.1:1\/site.*Nothing answers/,
      ],
      [`postgres://user:${SECRET}@nowhere.invalid/site`, /nowhere\.invalid.*(host is not known|looked up)/],
      [server.urlFor({ user: 'guarded', password: `not ${SECRET}` }), /password or the user name is wrong/],
      [server.urlFor({ user: 'guarded' }), /wants a password/],
      [server.urlFor({ user: 'nobody', password }), /does not let this user in/],
      [server.urlFor({ database: 'missing', password }), /does not exist.*CREATE DATABASE/],
      [server.urlFor({ user: 'visitor', password }), /CREATE SCHEMA … AUTHORIZATION/],
      [server.urlFor({ user: 'reader', password }), /can only be read/],
      [server.urlFor({ user: 'crowd', password }), /no connection left/],
      [server.urlFor({ user: 'escaping', password }), /bytea_output/],
      [server.urlFor({ database: 'ascii', password }), /SQL_ASCII/],
      [server.urlFor({ password }), /another application/, 'shop'],
    ]
    for (const [url, message, schema = 'manga_federation'] of cases) {
      const options = databaseOptions({ connectionString: url, schema })
      const error = await refusal(openOn({ ...options, patienceMs: 0 }))
      t.match(error, { code: 'store_unavailable', message }, String(message))
      t.notOk(inspect(error, { depth: 10 }).includes(SECRET), String(message))
    }
  })

  await t.test('a user who may nothing else uses the schema that an administrator made', async (t) => {
    await server.run('CREATE ROLE humble LOGIN; CREATE SCHEMA humble AUTHORIZATION humble')
    const store = await openPostgresStore({ connectionString: server.urlFor({ user: 'humble' }), schema: 'humble' })
    t.equal(await append(store, 'humble'), 0)
    await store.close()
  })

  await t.test('processes that start together make the tables once', async (t) => {
    const stores = await Promise.all(
      Array.from({ length: 5 }, () => openPostgresStore({ connectionString, schema: 'together' })),
    )
    t.same(await server.run('SELECT version FROM together.manga_federation_versions'), [{ version: 1 }])
    await Promise.all(stores.map((store) => store.close()))
  })

  await t.test('the tables of a newer version are left alone', async (t) => {
    await (await openPostgresStore({ connectionString, schema: 'newer' })).close()
    await server.run('INSERT INTO newer.manga_federation_versions (version) VALUES (99)')
    const message = /newer version of @manga-federation\/postgres/
    await t.rejects(openPostgresStore({ connectionString, schema: 'newer' }), { code: 'store_unavailable', message })
  })

  await t.test('a table that is gone is damage', async (t) => {
    const store = await openPostgresStore({ connectionString, schema: 'damaged' })
    await server.run('DROP TABLE damaged.followers')
    await t.rejects(store.followers.count(), { code: 'store_damaged', message: /Restore a backup/ })
    await store.close()
  })

  await t.test('what its UTF-8 cannot hold is stored as U+FFFD, and found as what it was', async (t) => {
    const store = await openPostgresStore({ connectionString, schema: 'texts' })
    const [text, stored] = ['nul \0, half \ud83d', 'nul \ufffd, half \ufffd']
    const { puts, log: _, ...commit } = commitOf('texts', 0)
    const object = { ...puts[0]!, id: text, searchText: text, seriesId: text, seq: undefined }
    t.ok(await store.catalog.commit(ORIGIN, { ...commit, puts: [object] }))
    t.same(await store.catalog.get(ORIGIN, 'chapter', text), object.bytes)
    const query = { origin: ORIGIN, kind: 'chapter', seriesId: text, search: text, limit: 2 } as const
    t.same(await store.catalog.list(query), [{ id: stored, bytes: object.bytes }])
    t.same(await store.catalog.mark('pass', 'chapter', [text]), [])
    t.same(await store.catalog.mark('pass', 'chapter', [text]), [text])
    await store.close()
  })

  await t.test('closing waits for what is under way', async (t) => {
    const store = await openPostgresStore({ connectionString, schema: 'closing' })
    const committed = store.catalog.commit(ORIGIN, commitOf('last', 0))
    await store.close()
    t.same(await committed, { size: 10, changedTs: 0 })
  })
})

async function refusal(opening: Promise<unknown>): Promise<unknown> {
  try {
    await opening
  } catch (thrown) {
    return thrown
  }
  throw new Error('it was opened')
}
