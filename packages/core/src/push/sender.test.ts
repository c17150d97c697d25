import t, { type Test } from 'tap'
import { silentLogger } from '../logger.ts'
import { memoryStore } from '../store/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { createFollowerList } from './follower-list.ts'
import { type FollowerStatus, newFollower } from './follower-state.ts'
import { type Mischief, startServer, type TestServer, until } from './test-network.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** An origin and a server that follows it and has subscribed. */
async function startPair(
  t: Test,
  time: ManualEnvironment = manualEnvironment(),
): Promise<{ origin: TestServer; follower: TestServer; time: ManualEnvironment }> {
  const [origin, follower] = await Promise.all([startServer(t, time), startServer(t, time)])
  await subscribe(follower, origin)
  return { origin, follower, time }
}

async function subscribe(follower: TestServer, origin: TestServer): Promise<void> {
  await follower.follow(origin)
  follower.push.subscriptions.announce(origin.serverName)
  await until(() => origin.push.followers().some(({ serverName }) => serverName === follower.serverName))
}

/** Waits until the follower holds this many entries, and its origin knows. */
function inStepAt(size: number, origin: TestServer, follower: TestServer): Promise<void> {
  return until(() => follower.held(origin) === size && statusOf(origin)?.size === size)
}

function statusOf(origin: TestServer): FollowerStatus | undefined {
  return origin.push.followers()[0]
}

const sends = (server: TestServer): string[] =>
  server.requests.filter((request) => request.includes('/federation/send/'))

t.test('a single change goes at once, a burst in transactions of 50, one after the other', async (t) => {
  const { origin, follower } = await startPair(t)
  await origin.publish(1)
  await inStepAt(1, origin, follower)
  t.same(follower.stored, [1])

  let underWay = 0
  let most = 0
  const { request } = origin.peers
  Object.assign(origin.peers, {
    async request(...given: Parameters<typeof request>) {
      most = Math.max(most, ++underWay)
      return request(...given).finally(() => underWay--)
    },
  })
  await origin.publish(2_500)
  await inStepAt(2_501, origin, follower)
  t.same(
    follower.stored.slice(1),
    Array.from({ length: 50 }, () => 50),
  )
  t.equal(most, 1, 'never two at a time')
  t.match(statusOf(origin), { size: 2_501, lag: 0, failures: 0, lastError: undefined, nextTryTs: undefined })
})

t.test('a transaction is no longer than 4 MiB', async (t) => {
  const { origin, follower } = await startPair(t)
  await origin.publish(150, 60_000)
  await until(() => follower.held(origin) === 150)
  t.ok(follower.stored.every((entries) => entries === 50))
  await origin.publish(3, 100)
  await until(() => follower.held(origin) === 153)
})

t.test('what was acknowledged with an answer that got lost is not doubled', async (t) => {
  const { origin, follower, time } = await startPair(t)
  let isLost = false
  follower.mischief = () => (isLost ? undefined : ((isLost = true), 'lose'))
  await origin.publish(1)
  await until(() => statusOf(origin)?.state === 'failing')
  t.equal(follower.held(origin), 1, 'it was stored')
  t.match(statusOf(origin), { size: 0, failures: 1, nextTryTs: time.now() + 10_000, lastError: /could not be reached/ })
  await time.advance(10_000)
  await until(() => statusOf(origin)?.state === 'in_step')
  t.same(follower.stored, [1], 'and not once more')
  const [first, second] = sends(follower)
  t.equal(first, second, 'the same content has the same id')
})

t.test('a follower that stands elsewhere is told from there on', async (t) => {
  const { origin, follower } = await startPair(t)
  await origin.publish(10)
  await inStepAt(10, origin, follower)
  follower.mischief = () => ({ status: 503 })
  await origin.publish(100)
  await until(() => statusOf(origin)?.state === 'failing')
  await follower.pull(origin, 40)
  follower.mischief = () => undefined
  origin.push.heardFrom(follower.serverName)
  await inStepAt(110, origin, follower)
  t.same(follower.stored, [10, 30, 50, 20])
})

t.test('a follower that is at another place each time is left to catch up', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const places = [3, 7]
  follower.mischief = () => ({ status: 409, json: { size: places.shift() ?? 9 } })
  await origin.publish(100)
  await until(() => statusOf(origin)?.lastError !== undefined)
  t.match(statusOf(origin), { state: 'behind', size: 7, failures: 0, nextTryTs: time.now() + 10_000 })
  follower.mischief = () => undefined
  await follower.pull(origin, 20)
  await time.advance(10_000)
  await until(() => statusOf(origin)?.state === 'in_step')
  t.equal(follower.held(origin), 100)
})

t.test('a follower that lacks much is left to pull, and is pushed to as soon as it has caught up', async (t) => {
  const time = manualEnvironment()
  const [origin, follower] = await Promise.all([startServer(t, time), startServer(t, time)])
  await origin.publish(3_000)
  await subscribe(follower, origin)
  await until(() => statusOf(origin)?.lastError !== undefined)
  const words = { state: 'behind', failures: 0, lastError: 'It lacks 3000 entries, and is catching up by pulling.' }
  t.match(statusOf(origin), { ...words, size: 0, nextTryTs: time.now() + 300 })

  await follower.pull(origin, 256)
  await time.advance(300)
  await until(() => statusOf(origin)?.size === 256)
  t.match(statusOf(origin), { lastError: /lacks 2744 entries/, nextTryTs: time.now() + 274 })
  t.same(follower.stored, [256], 'nothing was pushed')
  t.equal(new Set(sends(follower)).size, 1, 'and nothing sent but the head')

  while (follower.held(origin) < 3_000) await follower.pull(origin, Math.min(follower.held(origin) + 256, 3_000))
  await origin.publish(70)
  await time.advance(274)
  await inStepAt(3_070, origin, follower)
  t.same(follower.stored.slice(-2), [50, 20])
  await origin.publish(1)
  await inStepAt(3_071, origin, follower)
  t.match(statusOf(origin), { state: 'in_step', lastError: undefined })
})

t.test('a follower that lacks much and does not pull is pushed to', async (t) => {
  const time = manualEnvironment()
  const [origin, follower] = await Promise.all([startServer(t, time), startServer(t, time)])
  await origin.publish(1_200)
  await subscribe(follower, origin)
  await until(() => statusOf(origin)?.lastError !== undefined)
  await time.advance(120)
  await inStepAt(1_200, origin, follower)
  t.ok(follower.stored.every((entries) => entries === 50))
})

t.test('what an answer means', async (t) => {
  const rows: [name: string, answer: Mischief, expected: Partial<Record<keyof FollowerStatus, unknown>>][] = [
    [
      'no signature of ours',
      { status: 401, json: { error_code: 'stale_request', message: 'Late.' } },
      { failures: 1, lastError: /401, saying: stale_request: Late\. \(Is its clock right/ },
    ],
    ['not followed', { status: 403 }, { failures: 1, lastError: /403 \(It does not follow/ }],
    ['no such route', { status: 404 }, { failures: 1, lastError: /takes no pushes/ }],
    ['broken', { status: 500 }, { failures: 1, lastError: /It answered 500/ }],
    ['a redirect', { status: 307, headers: { location: 'http://10.0.0.1/' } }, { failures: 1, lastError: /307/ }],
    ['no size', { status: 200, json: {} }, { failures: 1, lastError: /without saying how many/ }],
    ['a size that is none', { status: 409, json: { size: -1 } }, { failures: 1, lastError: /without saying how many/ }],
    ['not taken', { status: 200, json: { size: 0 } }, { failures: 1, lastError: /did not take it/ }],
    ['later', { status: 429, headers: { 'retry-after': '120' } }, { failures: 0, state: 'behind', lastError: /429/ }],
    ['later, undated', { status: 429, headers: { 'retry-after': 'soon' } }, { failures: 0, state: 'behind' }],
    ['one change is too large', { status: 413 }, { failures: 1, lastError: /which is one change/ }],
  ]
  for (const [name, answer, expected] of rows) {
    const { origin, follower, time } = await startPair(t)
    follower.mischief = () => answer
    await origin.publish(1)
    await until(() => statusOf(origin)?.lastError !== undefined)
    t.match(statusOf(origin), { size: 0, lag: 1, ...expected }, name)
    const pauseMs = name === 'later' ? 120_000 : 10_000
    t.equal(statusOf(origin)?.nextTryTs, time.now() + pauseMs, `${name}: when it is tried again`)
    follower.mischief = () => undefined
    await time.advance(pauseMs)
    await inStepAt(1, origin, follower)
  }
})

t.test('a follower that takes small transactions only gets smaller ones', async (t) => {
  const { origin, follower } = await startPair(t)
  let refusals = 0
  const small = 3
  follower.mischief = () => (refusals++ < small ? { status: 413 } : undefined)
  await origin.publish(50, 10_000)
  await inStepAt(50, origin, follower)
  t.ok((follower.stored[0] ?? 50) < 7, 'halved with each refusal')
  t.match(statusOf(origin), { failures: 0 })
})

t.test('pauses double up to a day, and end with any authenticated request', async (t) => {
  const { origin, follower, time } = await startPair(t)
  // Its own renewal would be a sign of life.
  follower.push.subscriptions.stop()
  follower.mischief = (request) => (request.startsWith('PUT') ? { status: 500 } : undefined)
  await origin.publish(1)
  const pauses: number[] = []
  for (let failures = 1; failures <= 16; failures++) {
    await until(() => statusOf(origin)?.failures === failures)
    const pauseMs = (statusOf(origin)?.nextTryTs ?? 0) - time.now()
    pauses.push(pauseMs / 1000)
    if (failures < 16) await time.advance(pauseMs)
  }
  t.same(pauses.slice(0, 4), [10, 20, 40, 80])
  t.same(pauses.slice(-3), [81_920, 86_400, 86_400])
  follower.mischief = () => undefined
  await follower.peers.request('POST', `${origin.serverName}/federation/followers`, {
    bytes: new TextEncoder().encode(JSON.stringify({ server_name: follower.serverName })),
  })
  await until(() => statusOf(origin)?.state === 'in_step')
})

t.test('410, and 90 days of failure, end a subscription', async (t) => {
  const { origin, follower, time } = await startPair(t)
  follower.push.subscriptions.stop()
  follower.mischief = () => ({ status: 500 })
  await origin.publish(1)
  await until(() => statusOf(origin)?.failures === 1)
  const startTs = time.now()
  for (let failures = 2; statusOf(origin); failures++) {
    await time.advance((statusOf(origin)?.nextTryTs ?? 0) - time.now())
    await until(() => !statusOf(origin) || statusOf(origin)?.failures === failures)
  }
  t.ok(time.now() - startTs >= 90 * DAY_MS && time.now() - startTs <= 92 * DAY_MS)
  t.match(
    origin.lines.filter(({ level }) => level === 'warn'),
    [{ message: /for 90 days nothing could be delivered/ }],
  )
  t.same(await origin.store.followers.list({ afterName: undefined, limit: 10 }), [], 'the row is gone too')

  const gone = await startPair(t)
  gone.follower.mischief = () => ({ status: 410 })
  await gone.origin.publish(1)
  await until(() => statusOf(gone.origin) === undefined)
  t.match(
    gone.origin.lines.filter(({ level }) => level === 'warn'),
    [{ message: /410/ }],
  )
})

t.test('followers that answer nothing hold up nobody else, and all share one transaction', async (t) => {
  const time = manualEnvironment()
  const origin = await startServer(t, time)
  const followers = await Promise.all(Array.from({ length: 6 }, () => startServer(t, time)))
  for (const follower of followers) await subscribe(follower, origin)
  const [silent, ...others] = followers
  if (silent) silent.mischief = () => 'hang'
  await origin.publish(60)
  await origin.publish(60)
  await until(() => others.every((follower) => follower.held(origin) === 120))
  t.equal(new Set(others.map((follower) => sends(follower).at(-1))).size, 1, 'the same bytes for all')
  await time.advance(10_000)
  await until(() => origin.push.followers().some(({ state }) => state === 'failing'))
  const failing = origin.push.followers().find(({ state }) => state === 'failing')
  t.match(failing, { serverName: silent?.serverName, lag: 120, lastError: /within 10000 ms/ })
})

t.test('a new process takes up where the last one ended', async (t) => {
  const { origin, follower } = await startPair(t)
  await origin.publish(60)
  await inStepAt(60, origin, follower)
  follower.mischief = () => ({ status: 500 })
  await origin.publish(10)
  await until(() => statusOf(origin)?.state === 'failing')
  await origin.restart()
  t.match(statusOf(origin), { state: 'failing', size: 60, lag: 10, failures: 1 })
  follower.mischief = () => undefined
  origin.push.heardFrom(follower.serverName)
  await until(() => statusOf(origin)?.state === 'in_step')
  t.same(follower.stored, [50, 10, 10])
})

t.test('what followers acknowledge is stored after a while', async (t) => {
  const { origin, follower, time } = await startPair(t)
  await origin.publish(3)
  await inStepAt(3, origin, follower)
  const stored = async (): Promise<number | undefined> =>
    (await origin.store.followers.list({ afterName: undefined, limit: 1 }))[0]?.acknowledgedSize
  t.equal(await stored(), 0)
  await time.advance(5_000)
  t.equal(await stored(), 3)
})

t.test('a follower that holds more than there is shows that a backup was restored', async (t) => {
  const { origin, follower } = await startPair(t)
  await origin.publish(5)
  await inStepAt(5, origin, follower)
  follower.mischief = () => ({ status: 409, json: { size: 1000 } })
  await origin.publish(1)
  await until(() => statusOf(origin)?.state === 'ahead')
  const message = /holds 1000 entries of this server's log, which has only 6: .*an older copy of the database/
  t.match(
    origin.lines.filter(({ level }) => level === 'error'),
    [{ message }],
  )
  t.match(statusOf(origin), { size: 1000, lag: 0, lastError: message, nextTryTs: undefined })
  const before = sends(follower).length
  await origin.publish(1)
  await origin.push.subscribe(follower.serverName)
  await until(() => statusOf(origin)?.state === 'ahead')
  t.equal(sends(follower).length, before, 'it is told no more')
})

t.test('a log that cannot be read is read later, and no follower is blamed', async (t) => {
  const { origin, follower, time } = await startPair(t)
  const { head } = origin.store.log
  let isBroken = true
  Object.assign(origin.store.log, {
    head: (name: string) => (isBroken ? Promise.reject(new Error('disk')) : head(name)),
  })
  origin.push.wake()
  await until(() => origin.lines.some(({ message }) => message.includes('disk')))
  isBroken = false
  const { page } = origin.store.log
  let failures = 0
  Object.assign(origin.store.log, {
    page: (...given: Parameters<typeof page>) =>
      failures++ === 0 ? Promise.reject(new Error('full')) : page(...given),
  })
  await origin.publish(1)
  await until(() => statusOf(origin)?.lastError !== undefined)
  t.match(statusOf(origin), { state: 'behind', failures: 0, lastError: /full/ })
  await time.advance(10_000)
  await until(() => follower.held(origin) === 1)
})

t.test('there are 10,000 followers at most, 100 under one domain, each once', async (t) => {
  const { followers: store } = memoryStore()
  for (let index = 0; index < 9_999; index++) await store.put(newFollower(`https://s${index}.example/v1`, 0))
  const list = createFollowerList({ store, environment: manualEnvironment(), logger: silentLogger })
  await list.load()
  await list.add('https://last.example/v1')
  await list.add('https://last.example/v1')
  await t.rejects(list.add('https://late.example/v1'), { code: 'too_many_followers', status: 403, message: /events/ })
  for (let index = 0; index < 101; index++) await list.remove(`https://s${index}.example/v1`)
  for (let index = 0; index < 100; index++) await list.add(`https://s${index}.wild.example/v1`)
  await t.rejects(list.add('https://s100.wild.example/v1'), { message: /100 of wild\.example already/ })
  await list.remove('https://s0.wild.example/v1')
  await list.add('https://s100.wild.example/v1')
  await list.add('https://late.example/v1')
  t.equal([...list.all()].length, 10_000)
  t.equal(await store.count(), 10_000)
})
