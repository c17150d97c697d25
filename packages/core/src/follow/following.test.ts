import t from 'tap'
import { FederationError } from '../errors.ts'
import { type JsonValue, signDocument } from '../json/index.ts'
import { keyDocument, startOrigin, testKey } from '../keys/test-origin.ts'
import { readEntry } from '../log/index.ts'
import { loadedKey, NOW_TS, testLog } from '../log/test-log.ts'
import { memoryStore } from '../store/index.ts'
import { cursorStore } from './cursor-store.ts'
import { newRecord } from './origin-record.ts'
import { faultOfRevisions } from './page-objects.ts'
import { startBareServer } from './test-bare-server.ts'
import { FOLLOWER, testFollower } from './test-follower.ts'
import { killedStore } from './test-killed-store.ts'
import { serveLog } from './test-log-server.ts'

const MINUTE_MS = 60 * 1000
const DAY_MS = 24 * 60 * MINUTE_MS

t.test('what cannot be followed is refused in words', async (t) => {
  const { following, records } = await testFollower(t)
  const cases: [string, string, RegExp][] = [
    ['', 'invalid_parameter', /is not a domain/],
    ['not a domain', 'invalid_parameter', /is not a domain/],
    ['https://manga.example.com', 'invalid_server_name', /does not end in \/v1/],
    ['https://Manga.example.com/v1/', 'invalid_server_name', /write https:\/\/manga\.example\.com\/v1/],
    ['ftp://manga.example.com/v1', 'invalid_server_name', /does not begin with https/],
    [FOLLOWER, 'invalid_parameter', /is this server: it does not follow itself/],
    ['127.0.0.1:1', 'unreachable', /./],
  ]
  for (const [what, code, message] of cases) {
    await t.rejects(following.follow(what), { name: 'FederationError', code, message }, what)
  }
  await t.rejects(following.check('https://unknown.example/v1'), { code: 'invalid_parameter' })
  t.same(await following.list(), [])
  t.same(await records.list(), [])

  const full = await testFollower(t, { starts: false })
  for (let number = 0; number < 1000; number += 1) {
    await full.records.add(newRecord(`https://${number}.example/v1`, NOW_TS))
  }
  await t.rejects(full.following.follow('https://one-more.example/v1'), {
    code: 'invalid_parameter',
    message: /1000 servers are followed already. Unfollow one first/,
  })
  t.equal((await full.following.follow('https://7.example/v1')).state, 'incomplete', 'one of them may be named again')
})

t.test('a domain names its server', async (t) => {
  const origin = await serveLog(t, 2)
  const { following } = await testFollower(t)
  const prepared: string[] = []
  const prepare = async (serverName: string): Promise<void> => {
    t.same(origin.requests(), [], 'before anything is asked for')
    prepared.push(serverName)
  }
  const status = await following.follow(new URL(origin.serverName).host, { prepare })
  t.match(status, { serverName: origin.serverName, state: 'fresh', size: 3 })
  t.same(prepared, [origin.serverName])
})

t.test('unfollowed, what is held stays, and is gone on with later; or it is forgotten', async (t) => {
  const origin = await serveLog(t, 5)
  origin.features = ['log', 'push']
  const { following, store, notices } = await testFollower(t)
  await following.follow(origin.serverName)
  await following.unfollow(origin.serverName)
  t.same(await following.list(), [])
  t.equal((await store.catalog.state(origin.serverName)).size, 6)
  t.same(await following.receive(origin.serverName, {}), { outcome: 'not_followed' })
  t.same(
    notices,
    ['announce', 'applied', 'withdrawn'].map((notice) => `${notice} ${origin.serverName}`),
  )

  origin.put('chapter', 'x')
  origin.requests()
  t.match(await following.follow(origin.serverName), { state: 'fresh', size: 7 })
  t.same(origin.requests(), ['/head', '/entries?since=6&limit=256'])

  await following.unfollow(origin.serverName, {
    forget: true,
    prepare: async (serverName) => void t.equal((await store.catalog.state(serverName)).size, 7),
  })
  t.equal((await store.catalog.state(origin.serverName)).size, 0)
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 0)
})

t.test(
  'a new log is taken up on the operator’s word, and what is held stays until its first page is here',
  async (t) => {
    const origin = await serveLog(t, 5)
    const { following, store, records, advance } = await testFollower(t)
    await following.follow(origin.serverName)
    const shown = origin.log
    origin.log = origin.log.fork(2)
    for (const id of ['a', 'b', 'c', 'd', 'e']) origin.put('chapter', id)
    t.match(await following.check(origin.serverName), { state: 'forked', size: 6 })
    t.match(await following.follow(origin.serverName), { state: 'forked' }, 'to follow it again is not enough')

    origin.tamperWithPage = (page) => ({ ...page, bodies: {} })
    const waiting = await following.follow(origin.serverName, { acceptNewLog: true })
    t.match(waiting, { state: 'incomplete', size: 6, message: /takes the place of what is held as soon as/ })
    t.equal(await store.catalog.count(origin.serverName, 'chapter'), 5)

    const mirror = await serveLog(t, 0, 2)
    const old = await serveLog(t, 0)
    old.log = shown
    mirror.mirrored.set(origin.serverName, old)
    await records.change(origin.serverName, (record) => ({ ...record, mirrors: [mirror.serverName] }))
    origin.isDown = true
    await advance(MINUTE_MS)
    t.match(await following.status(origin.serverName), { size: 6 }, 'no mirror says which log the new one is')

    origin.isDown = false
    origin.tamperWithPage = (page) => page
    await advance(5 * MINUTE_MS)
    t.match(await following.status(origin.serverName), {
      state: 'fresh',
      size: 7,
      lastError: undefined,
      fork: undefined,
    })
    const chapters = await store.catalog.list({ origin: origin.serverName, kind: 'chapter', limit: 10 })
    t.same(
      chapters.map(({ id }) => id),
      ['a', 'b', 'c', 'c1', 'd', 'e'],
    )
    t.same((await records.get(origin.serverName))?.mirrored, { rebuild: true })
  },
)

t.test('so is a later epoch, and a follower that is killed meanwhile begins with its first page again', async (t) => {
  const origin = await serveLog(t, 5)
  const [before, after] = [origin.log, testLog(origin.serverName, loadedKey(1))]
  origin.log = after
  for (const id of ['a', 'b', 'c']) origin.put('chapter', id)
  for (let lastCall = 1; ; lastCall += 1) {
    const store = memoryStore()
    origin.log = before
    origin.facts = {}
    const held = await testFollower(t, { store })
    await held.following.follow(origin.serverName)
    origin.log = after
    origin.facts = { epoch: 2 }
    t.match(await held.following.check(origin.serverName), { state: 'behind', size: 6, message: /began a new log/ })
    await held.end()
    const killed = killedStore(store, lastCall, true)
    const dying = await testFollower(t, { store: killed.store, starts: false })
    await dying.following.start().catch(() => undefined)
    await dying.following.follow(origin.serverName, { acceptNewLog: true }).catch(() => undefined)
    if (killed.calls < lastCall) break
    await dying.end()
    const { following, store: kept } = await testFollower(t, { store })
    t.match(
      await following.follow(origin.serverName, { acceptNewLog: true }),
      { state: 'fresh', size: 3 },
      `${lastCall}`,
    )
    t.equal(await kept.catalog.count(origin.serverName, 'series'), 0)
  }
})

t.test('a server without a log is followed by its listings, and by its log as soon as it has one', async (t) => {
  const origin = await serveLog(t, 3)
  origin.features = []
  const { following, records, store } = await testFollower(t)
  const status = await following.follow(origin.serverName)
  t.match(status, { mode: 'listing', state: 'incomplete', headSize: undefined })
  t.match(status.message, /were not gone through to their end yet/)
  t.same(await following.receive(origin.serverName, await origin.log.page(0, 4)), { outcome: 'busy', size: 0 })

  origin.features = ['log']
  t.match(await following.check(origin.serverName), { mode: 'log', state: 'fresh', size: 4 })
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 3)

  origin.features = []
  await following.unfollow(origin.serverName)
  t.match(await following.follow(origin.serverName), { mode: 'log', state: 'fresh' }, 'and never by less again')
  t.same((await records.get(origin.serverName))?.features, [])
})

t.test('what a server lists is as fresh as the last time that it was read to its end', async (t) => {
  const { following, time, notices } = await testFollower(t, { starts: false })
  const bare = await startBareServer(t, time.now())
  bare.putSeries('s1', 'One')
  await following.follow(bare.serverName)
  t.match(await following.check(bare.serverName), { mode: 'listing', state: 'fresh', size: 1, lastError: undefined })
  t.same(notices, [`applied ${bare.serverName}`])
  bare.series.set('s2', { id: 's2' })
  t.match(await following.check(bare.serverName), {
    state: 'fresh',
    size: 1,
    lastError: /1 listed objects were left out/,
  })
  bare.series.delete('s2')
  t.match(await following.check(bare.serverName), { lastError: undefined })
  await time.advance(8 * DAY_MS)
  t.match(await following.status(bare.serverName), { state: 'stale', message: /has not been read to its end since/ })
})

t.test('two processes on one store follow the same server, and neither loses what the other stored', async (t) => {
  const origin = await serveLog(t, 40)
  origin.pageSize = 3
  const store = memoryStore()
  const [one, two] = [await testFollower(t, { store }), await testFollower(t, { store })]
  await Promise.all([one.following.follow(origin.serverName), two.following.follow(origin.serverName)])
  for (const { following } of [one, two, one]) await following.check(origin.serverName)
  t.match(await two.following.list(), [{ state: 'fresh', size: 41, headSize: 41, lastError: undefined }])
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 40)
})

t.test('consumers keep how far they have come in the record, whatever else is written there', async (t) => {
  const origin = await serveLog(t, 20)
  origin.pageSize = 2
  const { following, records } = await testFollower(t)
  const cursors = cursorStore(records)
  t.equal(await cursors.read(origin.serverName), undefined)
  await cursors.update(origin.serverName, { seen: 1 })
  t.same(await cursors.origins(), [], 'nothing is begun by it')
  const followed = following.follow(origin.serverName, {
    prepare: async () => void setImmediate(() => void cursors.update(origin.serverName, { told: true })),
  })
  for (let seen = 0; seen < 50; seen += 1) {
    await cursors.update(origin.serverName, { seen })
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.match(await followed, { state: 'fresh', size: 21 })
  await cursors.update(origin.serverName, { seen: 50 })
  t.match(await cursors.read(origin.serverName), { seen: 50, told: true })
  t.same(await cursors.origins(), [origin.serverName])
  t.match(await following.check(origin.serverName), { state: 'fresh', size: 21 })
})

t.test('a dead server is followed through its mirrors, its keys on the word of witnesses', async (t) => {
  const [origin, mirror, witness] = [await serveLog(t, 4), await serveLog(t, 0, 2), await startOrigin()]
  t.teardown(() => witness.close())
  mirror.mirrored.set(origin.serverName, origin)
  origin.isDown = true
  const record = { ...newRecord(origin.serverName, NOW_TS), mode: 'log' as const, mirrors: [mirror.serverName] }

  const alone = await testFollower(t)
  await alone.records.add(record)
  t.match(await alone.following.follow(origin.serverName), { state: 'incomplete', size: 0, lastError: /could not be/ })

  const witnessKey = testKey(100, 'ed25519:w')
  const vouched = keyDocument(origin.serverName, NOW_TS + 7 * DAY_MS, [origin.key])
  const own = keyDocument(witness.serverName, NOW_TS + 7 * DAY_MS, [witnessKey])
  const says = { server_keys: [signDocument(vouched, witness.serverName, witnessKey.keyId, witnessKey.signingKey)] }
  witness.answer = (request, response) => void response.end(JSON.stringify(request.url === '/v1/keys' ? own : says))
  const { following, records, store } = await testFollower(t, { witnesses: [witness.serverName] })
  await records.add(record)
  t.match(await following.follow(origin.serverName), { state: 'fresh', size: 5, lastError: /could not be/ })
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 4)
})

t.test('a log that goes back to a lower revision of an object is refused', async (t) => {
  const key = loadedKey(1)
  const log = testLog('https://origin.example/v1', key)
  log.put('c1')
  const { entries } = await log.page(0, 1)
  const entry = readEntry((entries as JsonValue[])[0]!).header
  const check = (held: number): ReturnType<typeof faultOfRevisions> =>
    faultOfRevisions('https://origin.example/v1', [entry], {
      versions: async () => new Map([['c1', { revision: held, contentHash: undefined }]]),
    })
  t.equal(await check(1), undefined)
  t.match(await check(2), { reason: 'wrong_sequence', message: /has revision 1, after revision 2: its log goes back/ })
})

t.test('a record that cannot be read says so', async (t) => {
  const store = memoryStore()
  await store.following.put({ serverName: 'https://a.example/v1', record: new TextEncoder().encode('{"form":7}') })
  const { records } = await testFollower(t, { store, starts: false })
  await t.rejects(
    records.get('https://a.example/v1'),
    new FederationError(
      'store_damaged',
      'What was remembered of https://a.example/v1 cannot be read. Unfollow it, and follow it anew.',
    ),
  )
})
