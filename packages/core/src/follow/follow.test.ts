import t from 'tap'
import { memoryStore, type Store } from '../store/index.ts'
import type { HeadFacts } from '../log/index.ts'
import { NOW_TS } from '../log/test-log.ts'
import type { Following, ReceiveOutcome } from './index.ts'
import { testFollower } from './test-follower.ts'
import { killedStore } from './test-killed-store.ts'
import { serveLog } from './test-log-server.ts'

const MINUTE_MS = 60 * 1000

/** All that is held of a server. */
async function contentOf(store: Store, origin: string): Promise<unknown> {
  const list = { origin, limit: 1000 }
  const objects = await Promise.all([
    store.catalog.list({ ...list, kind: 'series' }),
    store.catalog.list({ ...list, kind: 'chapter' }),
  ])
  const { head, entries } = await store.log.page(origin, { since: 0, limit: 256, maxBytes: 2 ** 23 })
  return { objects, head, entries, size: (await store.catalog.state(origin)).size }
}

t.test('a log is pulled page by page to its end, with objects, entries, head and deletions', async (t) => {
  const origin = await serveLog(t, 20)
  origin.pageSize = 6
  origin.put('chapter', 'c3', { fields: { metadata: { 'pt-BR': { title: 'Um' }, en: { title: 'New' } } } })
  origin.log.delete('c4')
  const { following, store } = await testFollower(t)
  const status = await following.follow(origin.serverName)
  t.match(status, {
    state: 'fresh',
    message: 'All 23 entries are held.',
    mode: 'log',
    size: 23,
    headSize: 23,
    lagMs: 0,
  })
  t.equal(status.lastError, undefined)
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 19)
  t.equal(await store.catalog.count(origin.serverName, 'series'), 1)
  t.equal(await store.catalog.get(origin.serverName, 'chapter', 'c4'), undefined)
  const found = await store.catalog.list({ origin: origin.serverName, kind: 'chapter', locale: 'pt', limit: 10 })
  t.same(
    found.map(({ id }) => id),
    ['c3'],
  )
  t.same(JSON.parse(Buffer.from((await store.log.head(origin.serverName))!).toString()), origin.log.head())
  t.same(origin.requests(), ['/head', ...[0, 6, 12, 18].map((since) => `/entries?since=${since}&limit=256`)])
})

t.test('a follower with nothing to do asks for the head every five minutes, and gets 304', async (t) => {
  const origin = await serveLog(t, 3)
  const { following, advance, notices } = await testFollower(t)
  await following.follow(origin.serverName)
  origin.requests()
  for (let minute = 0; minute < 60; minute += 1) await advance(MINUTE_MS)
  const asked = origin.requests()
  t.same([...new Set(asked)], ['/head 304'])
  t.equal(asked.length, 12)
  t.same(notices, [`applied ${origin.serverName}`], 'and nobody is told')
  origin.put('chapter', 'new')
  await advance(5 * MINUTE_MS)
  t.match(await following.status(origin.serverName), { size: 5, state: 'fresh', lastError: undefined })
})

t.test('a head that expires is stale, and one that is signed anew is fresh', async (t) => {
  const origin = await serveLog(t, 3)
  const { following, time, store } = await testFollower(t, { starts: false })
  await following.follow(origin.serverName)
  t.match(await following.check(origin.serverName), { state: 'fresh', lagMs: 0 })
  await time.advance(8 * 24 * 60 * MINUTE_MS)
  t.match(await following.status(origin.serverName), { state: 'stale', message: /has confirmed none since/ })
  origin.facts = { issuedTs: time.now() }
  t.match(await following.check(origin.serverName), { state: 'fresh' })
  const head = JSON.parse(Buffer.from((await store.log.head(origin.serverName))!).toString())
  t.equal(head.issued_ts, time.now(), 'the new head is served to others')
})

t.test('pushed pages: in order, twice, out of order, at the same time, from whom nobody follows', async (t) => {
  const origin = await serveLog(t, 9)
  const { following, store } = await testFollower(t, { starts: false })
  t.same(await following.receive(origin.serverName, await origin.log.page(0, 4)), { outcome: 'not_followed' })
  await following.follow(origin.serverName)
  const pages = await Promise.all([origin.log.page(0, 4), origin.log.page(4, 8), origin.log.page(8, 10)])
  const receive = (index: number): Promise<ReceiveOutcome> => following.receive(origin.serverName, pages[index]!)
  t.same(await receive(1), { outcome: 'not_at_start', size: 0 })
  t.same(await receive(0), { outcome: 'applied', size: 4, headSize: 10 })
  t.same(await receive(0), { outcome: 'not_at_start', size: 4 })
  t.match(await following.status(origin.serverName), { state: 'incomplete', size: 4, headSize: 10, lagMs: 0 })
  const together = await Promise.all([receive(1), receive(1), receive(2)])
  t.same(together, [
    { outcome: 'applied', size: 8, headSize: 10 },
    { outcome: 'not_at_start', size: 8 },
    { outcome: 'busy', size: 4 },
  ])
  t.same(await receive(2), { outcome: 'applied', size: 10, headSize: 10 })
  t.match(await following.status(origin.serverName), { state: 'fresh', size: 10 })
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 9)
})

t.test('pushed and pulled pages at the same time do not hinder each other', async (t) => {
  const origin = await serveLog(t, 30)
  origin.pageSize = 3
  const { following, store } = await testFollower(t)
  const pull = following.follow(origin.serverName)
  for (let start = 0; start < origin.log.size; start += 2) {
    await following.receive(origin.serverName, await origin.log.page(start, Math.min(start + 2, origin.log.size)))
  }
  await pull
  t.match(await following.check(origin.serverName), { state: 'fresh', size: 31, lastError: undefined })
  t.equal(await store.catalog.count(origin.serverName, 'chapter'), 30)
})

t.test('an honest server whose answers are overtaken is accused of nothing', async (t) => {
  const origin = await serveLog(t, 9)
  const { serverName } = origin
  const { following, records, store, time } = await testFollower(t)
  // Another process of the same site.
  const other = await testFollower(t, { store, time, starts: false })
  await following.follow(serverName)
  const add = (count: number): void => {
    for (let number = 0; number < count; number += 1) origin.put('chapter', `new${origin.log.size}`)
  }
  const push = async (to: Following, count: number, facts?: Partial<HeadFacts>): Promise<string> => {
    const { size } = await store.catalog.state(serverName)
    return (await to.receive(serverName, await origin.log.page(size, size + count, facts))).outcome
  }
  const isAccused = async (): Promise<boolean> => {
    const { refusal, fork } = (await records.get(serverName))!
    return refusal !== undefined || fork !== undefined
  }

  for (const pushed of [following, other.following]) {
    add(1)
    origin.tamperWithHead = async (head) => {
      origin.tamperWithHead = (later) => later
      add(1)
      t.equal(await push(pushed, 2), 'applied')
      return head
    }
    await following.check(serverName)
    t.notOk(await isAccused(), 'a head that came later than what was signed after it')
  }

  add(6)
  origin.tamperWithPage = (_page, response) => void response.destroy()
  await following.check(serverName)
  origin.tamperWithPage = (page) => page
  const { size } = await store.catalog.state(serverName)
  t.equal(await push(following, 2, { size: size + 2, issuedTs: NOW_TS - 1 }), 'not_at_start')
  t.notOk(await isAccused(), 'a push that was made before the head was asked for')

  const { versions } = store.catalog
  store.catalog.versions = async (...given) => {
    store.catalog.versions = versions
    t.equal(await push(other.following, 6), 'applied')
    return versions(...given)
  }
  t.equal(await push(following, 6), 'not_at_start')
  t.notOk(await isAccused(), 'a page that another process took in at the same time')
  t.match(await following.check(serverName), { state: 'fresh', lastError: undefined })
})

t.test('a push that shows that something is missing makes the follower look', async (t) => {
  const origin = await serveLog(t, 3)
  const { following, advance } = await testFollower(t)
  await following.follow(origin.serverName)
  for (let number = 0; number < 6; number += 1) origin.put('chapter', `new${number}`)
  const { outcome } = await following.receive(origin.serverName, await origin.log.page(8, 10))
  t.equal(outcome, 'not_at_start')
  await advance(1000)
  t.match(await following.status(origin.serverName), { state: 'fresh', size: 10 })
  for (let poke = 0; poke < 50; poke += 1) following.poke(origin.serverName)
  origin.requests()
  await advance(1000)
  t.equal(origin.requests().length, 1, 'and however often it is poked, it looks once')
})

t.test('one page is on its way while the one before is verified, and no more', async (t) => {
  const origin = await serveLog(t, 40)
  origin.pageSize = 4
  let underWay = 0
  let most = 0
  origin.tamperWithPage = async (page) => {
    underWay += 1
    most = Math.max(most, underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay -= 1
    return page
  }
  const { following } = await testFollower(t)
  const done: number[] = []
  const end = following.onProgress((progress) => {
    t.equal(progress.total, 41)
    t.equal(progress.phase, progress.done < 41 ? 'pulling' : 'complete')
    done.push(progress.done)
    throw new Error('a listener that fails hinders nobody')
  })
  await following.follow(origin.serverName)
  t.equal(most, 1)
  t.same(done, [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 41])
  end()
  origin.put('chapter', 'x')
  await following.check(origin.serverName)
  t.equal(done.length, 12)
})

t.test('a log that never ends lets others have their turn', async (t) => {
  const origin = await serveLog(t, 1)
  origin.pageSize = 1
  origin.tamperWithPage = async ({ start }) => {
    // With each page that it hands out it has one entry more.
    origin.put('chapter', `c${Number(start)}`)
    return origin.log.page(Number(start), Number(start) + 1)
  }
  const { following } = await testFollower(t, { starts: false })
  await following.follow(origin.serverName)
  const status = await following.check(origin.serverName)
  t.match(status, { state: 'incomplete', size: 256 })
})

t.test('killed at any call of its store, a follower goes on without loss and asks for nothing twice', async (t) => {
  const origin = await serveLog(t, 10)
  origin.pageSize = 7
  origin.log.delete('c2')
  const whole = await testFollower(t)
  await whole.following.follow(origin.serverName)
  const expected = await contentOf(whole.store, origin.serverName)
  let kills = 0
  for (const isLastDone of [false, true]) {
    for (let lastCall = 1; ; lastCall += 1) {
      const store = memoryStore()
      const killed = killedStore(store, lastCall, isLastDone)
      const first = await testFollower(t, { store: killed.store, starts: false })
      await first.following.start().catch(() => undefined)
      await first.following.follow(origin.serverName).catch(() => undefined)
      if (killed.calls < lastCall) break
      kills += 1
      await first.end()
      const { size } = await store.catalog.state(origin.serverName)
      origin.requests()
      const second = await testFollower(t, { store })
      const status = await second.following.follow(origin.serverName)
      t.match(status, { state: 'fresh', size: 12 }, `${lastCall} ${isLastDone}`)
      t.same(await contentOf(store, origin.serverName), expected, `${lastCall} ${isLastDone}`)
      const asked = origin.requests().flatMap((target) => /since=(\d+)/.exec(target)?.slice(1) ?? [])
      t.ok(
        asked.every((since) => Number(since) >= size),
        `${lastCall} ${isLastDone}: ${asked.join()} after ${size}`,
      )
    }
  }
  t.ok(kills > 40, `${kills} kills`)
})

t.test('an origin that is down is remembered and tried on, each time later', async (t) => {
  const origin = await serveLog(t, 3)
  origin.isDown = true
  const { following, advance, records } = await testFollower(t)
  const status = await following.follow(origin.serverName)
  t.match(status, { state: 'incomplete', mode: undefined, size: 0, headSize: undefined })
  t.match(status.message, /Nothing is known of its log yet\. /)
  t.ok(status.lastError)
  for (let minute = 0; minute < 10; minute += 1) await advance(MINUTE_MS)
  // After 10, 30, 70, 150, 310 seconds.
  t.equal((await records.get(origin.serverName))?.failure?.inARow, 6)
  origin.isDown = false
  for (let minute = 0; minute < 6; minute += 1) await advance(MINUTE_MS)
  t.match(await following.status(origin.serverName), { state: 'fresh', size: 4, lastError: undefined })
})

t.test('when the origin is gone its load balancers hand its log on, and cannot lie', async (t) => {
  const [origin, liar, mirror] = [await serveLog(t, 6), await serveLog(t, 0, 2), await serveLog(t, 0, 3)]
  origin.loadBalancers = [liar.serverName, mirror.serverName]
  const { following, records } = await testFollower(t)
  await following.follow(origin.serverName)
  for (let number = 0; number < 4; number += 1) origin.put('chapter', `new${number}`)
  origin.isDown = true
  for (const relay of [liar, mirror]) relay.mirrored.set(origin.serverName, origin)
  liar.tamperWithPage = (page) => ({ ...page, proof: ['A'.repeat(43)] })
  mirror.isDown = true
  await following.check(origin.serverName)
  t.match(await following.status(origin.serverName), { size: 7, headSize: 11, state: 'incomplete', fork: undefined })
  t.equal(
    (await records.get(origin.serverName))?.refusal,
    undefined,
    'what a relay alters is not held against the origin',
  )
  mirror.isDown = false
  await following.check(origin.serverName)
  const status = await following.status(origin.serverName)
  t.match(status, { size: 11, state: 'fresh', mirrors: [liar.serverName, mirror.serverName] })
  t.ok(status?.lastError, 'that the origin is down is told all the same')

  t.test('as far as they have come', async (t) => {
    origin.isDown = false
    for (let number = 0; number < 2; number += 1) origin.put('chapter', `later${number}`)
    const full = origin.log
    origin.tamperWithPage = (_page, response) => void response.destroy()
    mirror.isDown = true
    await following.check(origin.serverName)
    t.match(await following.status(origin.serverName), { size: 11, headSize: 13, state: 'incomplete' })
    origin.isDown = true
    origin.log = full.fork(12)
    origin.tamperWithPage = (page) => page
    mirror.isDown = false
    await following.check(origin.serverName)
    t.match(await following.status(origin.serverName), { size: 12, headSize: 13, state: 'incomplete', fork: undefined })
  })
})

t.test('a mirror that hands on a smaller head of another log proves the fork', async (t) => {
  const [origin, mirror] = [await serveLog(t, 6), await serveLog(t, 0, 2)]
  origin.loadBalancers = [mirror.serverName]
  const { following } = await testFollower(t)
  await following.follow(origin.serverName)
  origin.log = origin.log.fork(4)
  origin.put('chapter', 'other')
  mirror.mirrored.set(origin.serverName, origin)
  origin.isDown = true
  await following.check(origin.serverName)
  const status = await following.status(origin.serverName)
  t.match(status, { state: 'forked', size: 7, message: /one of 5 that contradicts it/ })
  t.same(
    status?.fork?.heads.map((head) => head.size),
    [7, 5],
  )
})

t.test('what was refused is forgotten once the server shows again what is held', async (t) => {
  const origin = await serveLog(t, 3)
  const { following } = await testFollower(t)
  await following.follow(origin.serverName)
  await following.check(origin.serverName)
  const { outcome } = await following.receive(origin.serverName, { start: 4 })
  t.equal(outcome, 'refused')
  t.match(await following.status(origin.serverName), { state: 'fresh', lastError: /wrong form/ })
  origin.requests()
  t.match(await following.check(origin.serverName), { state: 'fresh', lastError: undefined })
  t.same(origin.requests(), ['/head 304'])
})
