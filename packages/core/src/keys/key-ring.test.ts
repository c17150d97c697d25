import t, { type Test } from 'tap'
import { createHttpClient, type HttpClient } from '../egress/index.ts'
import type { JsonObject } from '../json/index.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { memoryStore, type Store } from '../store/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { createKeyFinder, type KeyFinder } from './key-finder.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { loadOwnKeys } from './own-keys.ts'
import { keyDocument, startOrigin, type TestKey, testKey, type TestOrigin } from './test-origin.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const [one, two, three] = [testKey(1), testKey(2), testKey(3)]

interface Setup {
  readonly origin: TestOrigin
  readonly ring: KeyRing
  readonly finder: KeyFinder
  readonly environment: ManualEnvironment
  readonly store: Store
  readonly said: string[]
  /** Lets the origin answer with a well-made document. */
  publish(keys: readonly TestKey[], lifetimeMs?: number, old?: JsonObject): void
}

async function setUp(t: Test): Promise<Setup> {
  const origin = await startOrigin()
  const environment = manualEnvironment()
  const client: HttpClient = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(async () => {
    await client.close()
    await origin.close()
  })
  const store = memoryStore()
  const said: string[] = []
  const note = (_details: object, message: string): void => void said.push(message)
  const logger: Logger = { ...silentLogger, info: note, error: note, warn: note }
  const ring = createKeyRing({ store: store.remoteKeys, client, environment, logger })
  const ownKeys = await loadOwnKeys({
    serverName: 'https://reader.example/v1',
    store: store.identity,
    given: undefined,
    environment,
  })
  const panel = { ask: async () => [] }
  const finder = createKeyFinder({ ownKeys, ring, panel, balancersOf: async () => new Set(), environment, logger })
  return {
    origin,
    ring,
    finder,
    environment,
    store,
    said,
    publish: (keys, lifetimeMs = 7 * DAY_MS, old = {}) => {
      origin.answer = keyDocument(origin.serverName, environment.now() + lifetimeMs, keys, { old })
    },
  }
}

async function verdictAt({ finder, origin }: Setup, { keyId }: TestKey, madeTs: number): Promise<string> {
  const answer = await finder.find(origin.serverName, keyId, madeTs)
  return 'key' in answer ? 'found' : answer.missing
}

t.test('K12 a key counts until its document’s validity, to the millisecond', async (t) => {
  const setup = await setUp(t)
  setup.publish([one], 2 * DAY_MS)
  const start = setup.environment.now()
  t.equal(await verdictAt(setup, one, start), 'found')
  t.equal(await verdictAt(setup, one, start + 2 * DAY_MS - 1), 'found')
  t.equal(await verdictAt(setup, one, start + 2 * DAY_MS), 'found')
  t.equal(await verdictAt(setup, one, start + 2 * DAY_MS + 1), 'key_not_valid_then')
  t.equal(await verdictAt(setup, two, start), 'unknown_key')
  t.same(setup.origin.requests, ['/v1/keys'], 'a cached key that is still valid is never fetched again')
})

t.test('K12 an old key counts before its expired_ts, to the millisecond, and authenticates nothing', async (t) => {
  const setup = await setUp(t)
  const start = setup.environment.now()
  setup.publish([one], 7 * DAY_MS, { [two.keyId]: { key: two.base64, expired_ts: start - 1000 } })
  t.equal(await verdictAt(setup, two, start - 1001), 'found')
  t.equal(await verdictAt(setup, two, start - 1000), 'key_not_valid_then')
  t.equal(await verdictAt(setup, two, start - 999), 'key_not_valid_then')
  t.ok(await setup.finder.findCurrent(setup.origin.serverName, one.keyId))
  t.equal(await setup.finder.findCurrent(setup.origin.serverName, two.keyId), undefined)
})

t.test('K5 at most 7 days count, whatever a document says', async (t) => {
  const setup = await setUp(t)
  const start = setup.environment.now()
  setup.publish([one], 365 * DAY_MS)
  t.equal(await verdictAt(setup, one, start + 7 * DAY_MS), 'found')
  t.equal(await verdictAt(setup, one, start + 7 * DAY_MS + 1), 'key_not_valid_then')
})

t.test('K13 the first key seen under an id wins, for ever, and another one is reported', async (t) => {
  const setup = await setUp(t)
  setup.publish([one])
  t.equal(await verdictAt(setup, one, setup.environment.now()), 'found')
  const impostor = testKey(9, one.keyId)
  await setup.environment.advance(6 * DAY_MS)
  setup.publish([impostor])
  const known = await setup.ring.current(setup.origin.serverName)
  t.same(known?.bindings.get(one.keyId)?.publicKey, one.signingKey.publicKey)
  t.match(setup.said.at(-1), /is bound to another key under ed25519:k1/)
  t.equal(
    await verdictAt(setup, one, setup.environment.now() + DAY_MS + 1),
    'unreachable',
    'and nothing new is believed',
  )
})

t.test('K14 a key that a later document lacks stays bound and counts for what it signed before', async (t) => {
  const setup = await setUp(t)
  const start = setup.environment.now()
  setup.publish([one], 2 * DAY_MS)
  await setup.ring.current(setup.origin.serverName)
  await setup.environment.advance(1.5 * DAY_MS)
  setup.publish([two])
  await setup.ring.current(setup.origin.serverName)
  t.equal(await verdictAt(setup, one, start + DAY_MS), 'found')
  t.equal(await verdictAt(setup, one, start + 2 * DAY_MS + 1), 'key_not_valid_then')
  t.equal(
    await setup.finder.findCurrent(setup.origin.serverName, one.keyId),
    undefined,
    'it authenticates nothing any more',
  )
  await setup.environment.advance(4 * DAY_MS)
  setup.publish([testKey(7, one.keyId)])
  await setup.ring.current(setup.origin.serverName)
  t.match(setup.said.at(-1), /bound to another key/)
})

t.test('K15 an expired_ts in the future counts as it stands and never moves back out', async (t) => {
  const setup = await setUp(t)
  const start = setup.environment.now()
  setup.publish([one], 7 * DAY_MS, { [two.keyId]: { key: two.base64, expired_ts: start + 5000 } })
  t.equal(await verdictAt(setup, two, start + 4999), 'found')
  t.equal(await verdictAt(setup, two, start + 5000), 'key_not_valid_then')
  await setup.environment.advance(4 * DAY_MS)
  setup.publish([one, two], 7 * DAY_MS)
  await setup.ring.current(setup.origin.serverName)
  t.equal(await verdictAt(setup, two, start + 5001), 'key_not_valid_then')
})

t.test('K16 a replayed older document changes nothing', async (t) => {
  const setup = await setUp(t)
  const start = setup.environment.now()
  const older = keyDocument(setup.origin.serverName, start + 3 * DAY_MS, [one])
  setup.publish([one, two], 7 * DAY_MS)
  await setup.ring.current(setup.origin.serverName)
  await setup.environment.advance(3.6 * DAY_MS)
  setup.origin.answer = older
  const known = await setup.ring.current(setup.origin.serverName)
  t.equal(known?.document?.validUntilTs, start + 7 * DAY_MS)
  t.same([...(known?.document?.verifyKeys.keys() ?? [])].sort(), [one.keyId, two.keyId])
  t.equal(known?.bindings.get(two.keyId)?.validUntilTs, start + 7 * DAY_MS)
})

t.test('a document is fetched again at half of its lifetime, and not before', async (t) => {
  const setup = await setUp(t)
  setup.publish([one], 4 * DAY_MS)
  await setup.ring.current(setup.origin.serverName)
  await setup.environment.advance(2 * DAY_MS - 1)
  await setup.ring.current(setup.origin.serverName)
  t.equal(setup.origin.requests.length, 1)
  await setup.environment.advance(1)
  setup.publish([one])
  await setup.ring.current(setup.origin.serverName)
  t.equal(setup.origin.requests.length, 2)
})

t.test('a failure is remembered for a minute, then two, up to an hour', async (t) => {
  const setup = await setUp(t)
  const { origin, ring, environment } = setup
  const asks = async (afterMs: number): Promise<number> => {
    await environment.advance(afterMs)
    await ring.current(origin.serverName)
    return origin.requests.length
  }
  t.equal(await asks(0), 1)
  t.equal(await asks(59_999), 1)
  t.equal(await asks(1), 2)
  t.equal(await asks(119_999), 2)
  t.equal(await asks(1), 3)
  for (let round = 0; round < 8; round += 1) await asks(60 * 60 * 1000)
  const before = origin.requests.length
  t.equal(await asks(60 * 60 * 1000 - 1), before)
  t.equal(await asks(1), before + 1)
  setup.publish([one])
  await environment.advance(60 * 60 * 1000)
  t.ok((await ring.current(origin.serverName))?.document)
})

t.test('concurrent questions about one server are one request', async (t) => {
  const setup = await setUp(t)
  setup.publish([one])
  await Promise.all(Array.from({ length: 100 }, () => setup.ring.current(setup.origin.serverName)))
  t.equal(setup.origin.requests.length, 1)
})

t.test('nonsense from a server is refused and does not displace what is known', async (t) => {
  const setup = await setUp(t)
  setup.publish([one], 2 * DAY_MS)
  const good = await setup.ring.current(setup.origin.serverName)
  const nonsense: TestOrigin['answer'][] = [
    (_request, response) => void response.writeHead(500).end(),
    (_request, response) => void response.end('<html>'),
    (_request, response) => void response.end('{}'),
    (_request, response) => void response.end(`{"x":"${'x'.repeat(70_000)}"}`),
    keyDocument('http://127.0.0.1:1/v1', setup.environment.now() + DAY_MS, [three]),
    (_request, response) => void response.destroy(),
  ]
  for (const answer of nonsense) {
    setup.origin.answer = answer
    await setup.environment.advance(2 * 60 * 60 * 1000)
    const known = await setup.ring.current(setup.origin.serverName, { minimumValidUntilTs: Number.MAX_SAFE_INTEGER })
    t.equal(known?.document?.bytes, good?.document?.bytes)
  }
})

t.test('a server is asked about an unknown key id only when its document is a minute old', async (t) => {
  const setup = await setUp(t)
  setup.publish([one])
  const now = setup.environment.now()
  for (let number = 0; number < 20; number += 1)
    await setup.finder.find(setup.origin.serverName, `ed25519:made_up_${number}`, now)
  t.equal(setup.origin.requests.length, 1)
  await setup.environment.advance(60_000)
  setup.publish([one, two])
  t.equal(await verdictAt(setup, two, now), 'found', 'a rotated key is found')
  t.equal(setup.origin.requests.length, 2)
  await setup.environment.advance(60_000)
  setup.publish([one, two, three])
  t.ok(await setup.finder.findCurrent(setup.origin.serverName, three.keyId))
})

t.test('keys are remembered over a restart', async (t) => {
  const setup = await setUp(t)
  setup.publish([one])
  await setup.ring.current(setup.origin.serverName)
  await setup.origin.close()
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  const ring = createKeyRing({
    store: setup.store.remoteKeys,
    client,
    environment: setup.environment,
    logger: silentLogger,
  })
  const known = await ring.current(setup.origin.serverName)
  t.same(known?.bindings.get(one.keyId)?.publicKey, one.signingKey.publicKey)
})

t.test('a server that makes up keys without end is not remembered without end', async (t) => {
  const setup = await setUp(t)
  const old = (round: number): JsonObject =>
    Object.fromEntries(
      Array.from({ length: 99 }, (_, index) => [`ed25519:r${round}_${index}`, { key: two.base64, expired_ts: 5 }]),
    )
  for (let round = 0; round < 12; round += 1) {
    setup.publish([one], 7 * DAY_MS, old(round))
    await setup.environment.advance(4 * DAY_MS)
    await setup.ring.current(setup.origin.serverName)
  }
  const known = await setup.ring.remembered(setup.origin.serverName)
  t.ok((known?.bindings.size ?? 0) <= 1000)
  t.match(setup.said.at(-1), /more than 1000 keys/)
})

t.test('this server’s own keys are known without asking anybody', async (t) => {
  const { finder } = await setUp(t)
  const own = 'https://reader.example/v1'
  t.equal(await finder.findCurrent(own, 'ed25519:unknown'), undefined)
  t.match(await finder.find(own, 'ed25519:unknown', 0), { missing: 'unknown_key' })
})
