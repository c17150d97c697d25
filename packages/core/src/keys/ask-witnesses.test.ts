import t, { type Test } from 'tap'
import { importPublicKey, type PublicKey } from '../crypto/index.ts'
import { createHttpClient } from '../egress/index.ts'
import { type JsonObject, type JsonValue, signDocument } from '../json/index.ts'
import { silentLogger } from '../logger.ts'
import { type KeyBinding, memoryStore } from '../store/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { type ConfiguredWitness, createWitnessPanel, voiceOf } from './ask-witnesses.ts'
import { createKeyFinder, type KeyFinder } from './key-finder.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { loadOwnKeys } from './own-keys.ts'
import { keyDocument, startOrigin, type TestKey, testKey, type TestOrigin } from './test-origin.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const [one, two, three] = [testKey(1), testKey(2), testKey(3)]

/** A server that nobody can reach: nothing listens there. */
const DEAD = 'http://127.0.0.1:1/v1'

/** A witness that takes a question and answers nothing, or ends the connection. */
const HANGS = Symbol('hangs')
const BREAKS = Symbol('breaks')

/** A witness that says what the test wants. */
interface TestWitness {
  readonly serverName: string
  readonly key: TestKey
  /** What it answers when it is asked for a server's keys. */
  says: JsonValue | typeof HANGS | typeof BREAKS
  /** How often it was asked about another server. */
  readonly asked: () => number
}

interface Setup {
  readonly environment: ManualEnvironment
  readonly witnesses: readonly TestWitness[]
  readonly ring: KeyRing
  readonly warnings: string[]
  /** Asks those witnesses, all unless told otherwise, of whom two must agree. */
  ask(how?: {
    among?: readonly ConfiguredWitness[]
    notCounted?: readonly string[]
    quorum?: number
    about?: string
  }): Promise<KeyBinding[]>
  finder(balancers?: readonly string[]): Promise<KeyFinder>
  /** Lets all witnesses vouch for the same document. */
  allSay(document: JsonObject): void
}

/** Starts a witness, whose own keys are on its own server. */
async function startWitness(t: Test, number: number, environment: ManualEnvironment): Promise<TestWitness> {
  const origin: TestOrigin = await startOrigin()
  t.teardown(() => origin.close())
  const key = testKey(100 + number, `ed25519:witness${number}`)
  const own = keyDocument(origin.serverName, environment.now() + 7 * DAY_MS, [key])
  const witness: TestWitness = {
    serverName: origin.serverName,
    key,
    says: { server_keys: [] },
    asked: () => origin.requests.filter((target) => target !== '/v1/keys').length,
  }
  origin.answer = (request, response) => {
    if (request.url === '/v1/keys') response.end(JSON.stringify(own))
    else if (witness.says === BREAKS) response.destroy()
    else if (witness.says !== HANGS) response.end(JSON.stringify(witness.says))
  }
  return witness
}

async function setUp(t: Test, count = 3): Promise<Setup> {
  const environment = manualEnvironment()
  const witnesses = await Promise.all(Array.from({ length: count }, (_, index) => startWitness(t, index, environment)))
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any', environment })
  t.teardown(() => client.close())
  const store = memoryStore()
  const ring = createKeyRing({ store: store.remoteKeys, client, environment, logger: silentLogger })
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (_details: object, message: string) => void warnings.push(message) }
  const parts = { ring, client, environment, logger }
  const all = witnesses.map(({ serverName }) => ({ serverName, pinned: new Map<string, PublicKey>() }))
  return {
    environment,
    witnesses,
    ring,
    warnings,
    ask: ({ among = all, notCounted = [], quorum = 2, about = DEAD } = {}) =>
      createWitnessPanel({ ...parts, witnesses: among, quorum }).ask(about, new Set(notCounted)),
    async finder(balancers = []) {
      const ownKeys = await loadOwnKeys({
        serverName: 'https://reader.example/v1',
        store: store.identity,
        given: undefined,
        environment,
      })
      const panel = createWitnessPanel({ ...parts, witnesses: all, quorum: 2 })
      return createKeyFinder({ ...parts, ownKeys, panel, balancersOf: async () => new Set(balancers) })
    },
    allSay(document) {
      for (const witness of witnesses) witness.says = vouched(witness, document)
    },
  }
}

/** A document as a witness hands it on. */
function vouched({ serverName, key }: TestWitness, document: JsonObject, by: TestKey = key): JsonObject {
  return { server_keys: [signDocument(document, serverName, by.keyId, by.signingKey)] }
}

function keyIdsOf(bindings: readonly KeyBinding[]): string[] {
  return bindings.map(({ keyId }) => keyId).sort()
}

t.test('W18 what two of three witnesses tell is believed, on their word', async (t) => {
  const { ask, witnesses, environment } = await setUp(t)
  const [a, b, c] = witnesses
  const document = keyDocument(DEAD, environment.now() + DAY_MS, [one, two])
  for (const witness of [a!, c!]) witness.says = vouched(witness, document)
  const bindings = await ask()
  t.same(keyIdsOf(bindings), [one.keyId, two.keyId])
  t.match(
    bindings.find(({ keyId }) => keyId === one.keyId),
    {
      publicKey: one.signingKey.publicKey,
      source: 'witness',
      toldBy: [a!.serverName, c!.serverName],
      firstSeenTs: environment.now(),
      validUntilTs: environment.now() + DAY_MS,
    },
  )
  t.equal(b!.asked(), 1)
})

t.test('W18 too few is none: one witness, two for different keys, or three where four must agree', async (t) => {
  const { ask, witnesses, environment, allSay } = await setUp(t)
  const [a, b] = witnesses
  a!.says = vouched(a!, keyDocument(DEAD, environment.now() + DAY_MS, [one]))
  t.same(await ask(), [])
  t.equal((await ask({ quorum: 1 })).length, 1)
  b!.says = vouched(b!, keyDocument(DEAD, environment.now() + DAY_MS, [two]))
  t.same(await ask(), [])
  allSay(keyDocument(DEAD, environment.now() + DAY_MS, [one]))
  t.same(await ask({ quorum: 4 }), [])
  t.equal((await ask({ quorum: 3 })).length, 1)
})

t.test('W18 a witness that tells another key is named, and no majority overrules it', async (t) => {
  const { ask, witnesses, environment, allSay, finder, ring } = await setUp(t)
  const [a, b, c] = witnesses
  allSay(keyDocument(DEAD, environment.now() + DAY_MS, [one]))
  const impostor = testKey(9, one.keyId)
  const lies = [
    keyDocument(DEAD, environment.now() + DAY_MS, [impostor]),
    keyDocument(DEAD, environment.now() + DAY_MS, [two], {
      old: { [one.keyId]: { key: impostor.base64, expired_ts: 5 } },
    }),
  ]
  for (const lie of lies) {
    b!.says = vouched(b!, lie)
    const message = new RegExp(
      `${one.keyId} of ${DEAD}: ${a!.serverName} and ${c!.serverName} tell one key, ${b!.serverName} another`,
    )
    await t.rejects(ask(), { code: 'key_conflict', message })
  }
  const answer = await (await finder()).find(DEAD, one.keyId, environment.now())
  t.match(answer, { missing: 'key_conflict', message: b!.serverName })
  t.equal(await ring.remembered(DEAD), undefined, 'and nothing is remembered')
})

t.test('W18 one registrable domain counts once, on loopback one host and port', async (t) => {
  const { ask, witnesses, environment } = await setUp(t, 2)
  const [a, b] = witnesses
  const document = keyDocument(DEAD, environment.now() + DAY_MS, [one])
  a!.says = vouched(a!, document)
  const [atA, alsoAtA, atB] = [a!.serverName, a!.serverName.replace('/v1', '/other/v1'), b!.serverName].map(
    (serverName) => ({ serverName, pinned: new Map([[a!.key.keyId, importPublicKey(a!.key.signingKey.publicKey)]]) }),
  )
  t.same(await ask({ among: [atA!, alsoAtA!] }), [])
  t.same(await ask({ among: [atA!, atA!] }), [])
  b!.says = vouched(b!, document, a!.key)
  t.equal((await ask({ among: [atA!, atB!] })).length, 1)
})

t.test('W18 who owns a server is told by its registrable domain', (t) => {
  const cases: [string, string][] = [
    ['https://manga.example.com/v1', 'example.com'],
    ['https://example.com:8443/v1', 'example.com'],
    ['https://a.b.c.example.co.uk/v1', 'example.co.uk'],
    ['https://reader.github.io/v1', 'reader.github.io'],
    ['https://other.github.io/v1', 'other.github.io'],
    ['https://xn--wgv71a119e.jp/v1', 'xn--wgv71a119e.jp'],
    ['https://www.xn--wgv71a119e.jp/v1', 'xn--wgv71a119e.jp'],
    ['https://203.0.113.7/v1', '203.0.113.7'],
    ['https://203.0.113.7:8443/v1', '203.0.113.7:8443'],
    ['https://[2001:db8::1]:8443/v1', '[2001:db8::1]:8443'],
    ['http://localhost:3000/v1', 'localhost:3000'],
    ['http://127.0.0.1:3001/a/v1', '127.0.0.1:3001'],
  ]
  for (const [serverName, voice] of cases) t.equal(voiceOf(serverName), voice, serverName)
  t.end()
})

t.test('W18 a document that its own server did not sign is not counted', async (t) => {
  const { ask, witnesses, environment, allSay, warnings } = await setUp(t)
  const good = keyDocument(DEAD, environment.now() + DAY_MS, [one])
  const bad: [string, JsonObject][] = [
    ['no signature', keyDocument(DEAD, environment.now() + DAY_MS, [one], { signers: [] })],
    ['a foreign signature', keyDocument(DEAD, environment.now() + DAY_MS, [one], { signers: [two] })],
    ['altered', { ...good, valid_until_ts: environment.now() + 2 * DAY_MS }],
    ['of another server', keyDocument('http://127.0.0.1:2/v1', environment.now() + DAY_MS, [one])],
  ]
  for (const [what, document] of bad) {
    allSay(good)
    for (const witness of witnesses.slice(1)) witness.says = vouched(witness, document)
    t.same(await ask(), [], what)
  }
  t.match(
    warnings.at(0),
    new RegExp(`${witnesses[1]!.serverName} is not counted|${witnesses[2]!.serverName} is not counted`),
  )
})

t.test(
  'W18 a witness’s word counts under its own good signature only, by a pinned key where one is pinned',
  async (t) => {
    const { ask, witnesses, environment } = await setUp(t, 2)
    const [a, b] = witnesses
    const document = keyDocument(DEAD, environment.now() + DAY_MS, [one])
    a!.says = vouched(a!, document)
    const answers: [string, JsonObject][] = [
      ['none', { server_keys: [document] }],
      ['by an unknown key', vouched(b!, document, three)],
      ['by another key under the same id', vouched(b!, document, testKey(8, b!.key.keyId))],
      ['under another witness’s name', vouched(a!, document)],
    ]
    for (const [what, says] of answers) {
      b!.says = says
      t.same(await ask(), [], what)
    }
    b!.says = vouched(b!, document)
    t.equal((await ask()).length, 1)

    const pinning = (key: TestKey): ConfiguredWitness[] =>
      [a!, b!].map(({ serverName, key: own }) => {
        const { keyId, signingKey } = serverName === b!.serverName ? key : own
        return { serverName, pinned: new Map([[keyId, importPublicKey(signingKey.publicKey)]]) }
      })
    t.equal((await ask({ among: pinning(b!.key) })).length, 1)
    t.same(await ask({ among: pinning(three) }), [], 'what it publishes does not count beside a pinned key')
    b!.says = vouched(b!, document, three)
    t.equal((await ask({ among: pinning(three) })).length, 1, 'and the pinned one counts although it publishes another')
  },
)

t.test('W18 the origin’s own load balancers and the origin itself do not count', async (t) => {
  const { ask, witnesses, environment, allSay, finder } = await setUp(t, 2)
  const [a, b] = witnesses
  allSay(keyDocument(DEAD, environment.now() + DAY_MS, [one]))
  t.same(await ask({ notCounted: [a!.serverName] }), [])
  t.equal(a!.asked(), 0)
  const answer = await (await finder([b!.serverName])).find(DEAD, one.keyId, environment.now())
  t.match(answer, { missing: 'unreachable' })

  const about = a!.serverName
  const ownWord = keyDocument(about, environment.now() + DAY_MS, [one])
  for (const witness of witnesses) witness.says = vouched(witness, ownWord)
  t.same(await ask({ about }), [])
  t.same(await ask({ about: about.replace('/v1', '/other/v1') }), [], 'nor does another server on its host')
})

t.test('W18 a witness that hangs or answers nonsense is not counted, and the others are', async (t) => {
  const { ask, witnesses, environment, allSay } = await setUp(t)
  const nonsense: TestWitness['says'][] = [
    BREAKS,
    null,
    [],
    {},
    { server_keys: {} },
    { server_keys: [5, null, {}] },
    { server_keys: ['x'.repeat(200_000)] },
    { server_keys: [{ server_name: DEAD, x: 1.5 }] },
  ]
  allSay(keyDocument(DEAD, environment.now() + DAY_MS, [one]))
  for (const says of nonsense) {
    witnesses[0]!.says = says
    t.equal((await ask()).length, 1, typeof says === 'symbol' ? 'it breaks' : JSON.stringify(says).slice(0, 60))
  }
  const [hanging] = witnesses
  hanging!.says = HANGS
  const before = witnesses.map(({ asked }) => asked())
  const areAsked = (some: readonly number[]): boolean =>
    some.every((index) => witnesses[index]!.asked() > before[index]!)
  const alone = ask({ among: [{ serverName: hanging!.serverName, pinned: new Map() }] })
  while (!areAsked([0])) await environment.yieldToOthers()
  const timersOfOne = environment.waiting
  await environment.advance(10_000)
  t.same(await alone, [])
  const asking = ask()
  // The clock moves on when the others have answered, and only this one's timers are left.
  while (!areAsked([0, 1, 2]) || environment.waiting > timersOfOne) await environment.yieldToOthers()
  await environment.advance(10_000)
  t.equal((await asking).length, 1)
})

t.test('W18 a key document of the full length fits into an answer, and may stand among others', async (t) => {
  const { ask, witnesses, environment } = await setUp(t, 2)
  const room =
    64 * 1024 - JSON.stringify(keyDocument(DEAD, environment.now() + DAY_MS, [one], { extra: { x: '' } })).length
  const document = keyDocument(DEAD, environment.now() + DAY_MS, [one], { extra: { x: 'x'.repeat(room) } })
  const other = keyDocument('http://127.0.0.1:2/v1', environment.now() + DAY_MS, [two])
  for (const witness of witnesses) {
    const {
      server_keys: [signed],
    } = vouched(witness, document) as { server_keys: [JsonObject] }
    witness.says = { server_keys: [other, signed] }
  }
  t.same(keyIdsOf(await ask()), [one.keyId])
})

t.test('W18 a key counts as long as the quorum vouches for it', async (t) => {
  const { ask, witnesses, environment } = await setUp(t)
  const now = environment.now()
  const [current, retired] = [
    (days: number): JsonObject => keyDocument(DEAD, now + days * DAY_MS, [one]),
    (expiredTs: number): JsonObject =>
      keyDocument(DEAD, now + DAY_MS, [two], { old: { [one.keyId]: { key: one.base64, expired_ts: expiredTs } } }),
  ]
  const cases: [string, JsonObject[], number][] = [
    ['the furthest of which two know', [current(1), current(3), current(2)], now + 2 * DAY_MS],
    ['a week at most', [current(30), current(40), current(50)], now + 7 * DAY_MS],
    ['also when it is over', [current(-9), current(-8), current(-7)], now - 8 * DAY_MS],
    ['until it was retired', [retired(now - 5), retired(now - 5), retired(now - 5)], now - 6],
    ['until a retirement that only one has seen', [current(1), retired(now - 5), current(2)], now - 6],
  ]
  for (const [what, documents, untilTs] of cases) {
    for (const [index, witness] of witnesses.entries()) witness.says = vouched(witness, documents[index]!)
    const binding = (await ask()).find(({ keyId }) => keyId === one.keyId)
    t.match(binding, { validUntilTs: untilTs, expiredTs: undefined }, what)
  }
})

t.test('W18 a witness that lies about a key’s end does no lasting harm', async (t) => {
  const { witnesses, environment, allSay, finder } = await setUp(t)
  const origin = await startOrigin()
  t.teardown(() => origin.close())
  const { serverName } = origin
  const madeTs = environment.now()
  const find = await finder()
  const truth = keyDocument(serverName, madeTs + DAY_MS, [one])
  allSay(truth)
  const lie = keyDocument(serverName, madeTs + DAY_MS, [two], {
    old: { [one.keyId]: { key: one.base64, expired_ts: 1 } },
  })
  witnesses[1]!.says = vouched(witnesses[1]!, lie)
  t.match(await find.find(serverName, one.keyId, madeTs), { missing: 'key_not_valid_then' })
  origin.answer = truth
  await environment.advance(60_000)
  t.match(await find.find(serverName, one.keyId, madeTs), { evidence: { source: 'origin', toldBy: [serverName] } })
})

t.test('W18 what was found is remembered, provisionally, and the origin’s own word overrides it', async (t) => {
  const { witnesses, environment, allSay, finder, ring } = await setUp(t)
  const origin = await startOrigin()
  t.teardown(() => origin.close())
  const { serverName } = origin
  allSay(keyDocument(serverName, environment.now() + DAY_MS, [one]))
  const find = await finder()
  const evidence = { source: 'witness', toldBy: witnesses.map((witness) => witness.serverName), serverName }
  t.match(await find.find(serverName, one.keyId, environment.now()), { evidence })
  t.match(await find.find(serverName, one.keyId, environment.now()), { evidence })
  t.equal(await find.findCurrent(serverName, one.keyId), undefined, 'it authenticates no request')
  t.same(
    witnesses.map(({ asked }) => asked()),
    [1, 1, 1],
  )
  const real = testKey(7, one.keyId)
  origin.answer = keyDocument(serverName, environment.now() + DAY_MS, [real])
  await environment.advance(60_000)
  await ring.current(serverName)
  const answer = await find.find(serverName, one.keyId, environment.now())
  t.match(answer, { key: { bytes: real.signingKey.publicKey }, evidence: { source: 'origin', toldBy: [serverName] } })
})

t.test('witnesses are asked once a minute about one server, however many of its objects are verified', async (t) => {
  const { witnesses, environment, finder } = await setUp(t)
  const find = await finder()
  const ask = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 20 }, async (_, index) => find.find(DEAD, `ed25519:x${index}`, environment.now())))
  await ask()
  await ask()
  t.equal(witnesses[0]!.asked(), 1)
  await environment.advance(60_000)
  t.match(await find.find(DEAD, one.keyId, environment.now()), { missing: 'unreachable' })
  t.equal(witnesses[0]!.asked(), 2)
})
