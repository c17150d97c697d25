import t, { type Test } from 'tap'
import { createHttpClient, type ReceivedRequest, signRequest, verifyRequest } from '../egress/index.ts'
import type { FederationOptions, JsonValue, Verdict } from '../index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, signDocument, signObject } from '../json/index.ts'
import { createKeyFinder } from '../keys/index.ts'
import { createKeyRing } from '../keys/key-ring.ts'
import { loadOwnKeys } from '../keys/own-keys.ts'
import { keyDocument, startOrigin, type TestKey, testKey, type TestOrigin } from '../keys/test-origin.ts'
import { silentLogger } from '../logger.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import { memoryStore } from '../store/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { serveFederation, type TestFederation, testFederation } from '../test-federation.ts'
import { createVerifier, type Received } from './index.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const [one, two, three] = [testKey(1), testKey(2), testKey(3)]
const encoder = new TextEncoder()

interface Setup extends TestFederation {
  readonly origin: TestOrigin
  /** A series of the origin, signed by its key `one` now. */
  readonly series: JsonObject
  readonly verify: (received: Uint8Array | JsonValue) => Promise<Verdict>
}

async function setUp(t: Test, options: Partial<FederationOptions> = {}): Promise<Setup> {
  const reader = testFederation(t, options)
  const origin = await newOrigin(t)
  origin.answer = keyDocument(origin.serverName, reader.time.now() + 7 * DAY_MS, [one])
  return {
    ...reader,
    origin,
    series: objectOf(origin.serverName, reader.time.now()),
    verify: (received) => reader.federation.verify(received),
  }
}

async function newOrigin(t: Test): Promise<TestOrigin> {
  const origin = await startOrigin()
  t.teardown(() => origin.close())
  return origin
}

/** An object that says that it was made then, signed by all keys, each of which it claims. */
function objectOf(
  server: string,
  updatedTs: number | undefined,
  keys: readonly TestKey[] = [one],
  fields: JsonObject = {},
): JsonObject {
  const unsigned: JsonObject = {
    id: 's1',
    server,
    metadata: { en: { title: 'A title' }, ja: { title: '題名' } },
    revision: 1,
    ...(updatedTs === undefined ? {} : { updated_ts: updatedTs }),
    signing_keys: claimsOf(keys),
    ...fields,
  }
  return keys.reduce((object, { keyId, signingKey }) => signObject(object, keyId, signingKey), unsigned)
}

function claimsOf(keys: readonly TestKey[]): JsonObject {
  return Object.fromEntries(keys.map(({ keyId, base64 }) => [keyId, base64]))
}

t.test(
  'a series and a chapter are authentic, as bytes and as parsed, with evidence of who told of the key',
  async (t) => {
    const { origin, series, verify, time } = await setUp(t)
    const chapter = objectOf(origin.serverName, time.now(), [one], { series_id: 's1', images: 'ipfs://x' })
    const verdict: Verdict = {
      authentic: true,
      reason: 'authentic',
      message: `This is what ${origin.serverName} signed.`,
      serverName: origin.serverName,
      madeTs: time.now(),
      evidence: [
        {
          keyId: one.keyId,
          serverName: origin.serverName,
          source: 'origin',
          toldBy: [origin.serverName],
          firstSeenTs: time.now(),
        },
      ],
    }
    for (const object of [series, chapter]) {
      t.same(await verify(object), verdict)
      t.same(await verify(encoder.encode(JSON.stringify(object, undefined, 2))), verdict)
    }
    t.same(origin.requests, ['/v1/keys'])
    await time.advance(1000)
    const timeless = await verify(objectOf(origin.serverName, undefined))
    t.match(timeless, { authentic: true, madeTs: time.now(), evidence: [{ firstSeenTs: time.now() - 1000 }] })
  },
)

t.test('this server’s own objects are verified without asking anybody', async (t) => {
  const { series, verify, federation, get } = await setUp(t)
  const own = (await get('/v1/keys')).json
  t.match(await verify(own), { authentic: true, evidence: [{ source: 'own', toldBy: [] }] })
  const foreign = { ...series, server: federation.serverName }
  t.match(await verify(foreign), { authentic: false, reason: 'unknown_key' })
})

t.test('whatever was altered or signed by somebody else is refused with its reason', async (t) => {
  const { origin, series, verify, time } = await setUp(t)
  const other = await newOrigin(t)
  other.answer = keyDocument(other.serverName, time.now() + 7 * DAY_MS, [two])
  const impostor = testKey(9, one.keyId)
  const now = time.now()
  const cases: [string, JsonObject, Verdict['reason']][] = [
    ['an altered title', { ...series, metadata: { en: { title: 'Another' } } }, 'bad_signature'],
    ['a field more', { ...series, added: 1 }, 'bad_signature'],
    ['an altered time', { ...series, updated_ts: now - 1 }, 'bad_signature'],
    ['altered signing_keys', { ...series, signing_keys: claimsOf([impostor]) }, 'bad_signature'],
    ['no signing_keys', without(series, 'signing_keys'), 'bad_signature'],
    ['another key claimed and used', objectOf(origin.serverName, now, [impostor]), 'bad_signature'],
    [
      'another key used',
      { ...objectOf(origin.serverName, now, [impostor]), signing_keys: claimsOf([one]) },
      'bad_signature',
    ],
    [
      'another key claimed than signed',
      objectOf(origin.serverName, now, [one], { signing_keys: claimsOf([impostor]) }),
      'bad_signature',
    ],
    ['no key claimed', objectOf(origin.serverName, now, [one], { signing_keys: {} }), 'bad_signature'],
    ['a signature that is none', { ...series, signatures: { [one.keyId]: 'AAAA' } }, 'bad_signature'],
    ['the key of another server', objectOf(origin.serverName, now, [two]), 'unknown_key'],
    ['another server’s name', { ...series, server: other.serverName }, 'unknown_key'],
    ['no signature', { ...series, signatures: {} }, 'unsigned'],
    ['malformed key ids only', { ...series, signatures: { 'rsa:1': 'AAAA' } }, 'unsigned'],
  ]
  for (const [what, object, reason] of cases) {
    const verdict = await verify(object)
    t.match(verdict, { authentic: false, reason, evidence: [], madeTs: object.updated_ts }, what)
    t.equal(verdict.serverName, object.server, what)
  }
  t.match(await verify({ ...series, unsigned: { any: 'thing' } }), { authentic: true }, 'unsigned is not looked at')
  const beside = objectOf(origin.serverName, now, [one, two])
  t.match(await verify(beside), { authentic: true, evidence: { length: 1 } }, 'an unknown key beside it says nothing')
})

t.test('what is no object is malformed, and nobody is asked about it', async (t) => {
  const { origin, series, verify } = await setUp(t)
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`ed25519:k${index}`, 'AAAA']))
  const parsed: [string, JsonValue][] = [
    ['nothing', null],
    ['a text', 'series'],
    ['an array', [series]],
    ['no id', without(series, 'id')],
    ['no metadata', { ...series, metadata: [] }],
    ['no server', without(series, 'server')],
    ['a server that is no name', { ...series, server: 'manga.example' }],
    ['a time that is none', { ...series, updated_ts: 'now' }],
    ['a time before all times', { ...series, updated_ts: -1 }],
    ['no signatures', without(series, 'signatures')],
    ['17 signatures', { ...series, signatures: many }],
    ['an origin that is no object', { ...series, origin: 'https://manga.example/v1' }],
    ['a key document without a name', { verify_keys: {} }],
    ['a key document of no server', { verify_keys: {}, server_name: 'x' }],
    ['a key document of a file', { ...keyDocument('file:///v1', 1, [one]) }],
  ]
  const text = JSON.stringify(series)
  const raw: [string, string | Uint8Array][] = [
    ['cut off', text.slice(0, -1)],
    ['a key twice', `{"id":"s1",${text.slice(1)}`],
    ['a fraction', text.replace('"revision":1', '"revision":1.0')],
    ['a lone surrogate', text.replace('A title', '\\ud800')],
    ['a byte-order mark', `\uFEFF${text}`],
    ['invalid UTF-8', Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from('"}')])],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['nothing at all', ''],
    ['too long', `${text}${' '.repeat(2 * 64 * 1024)}`],
  ]
  for (const [what, received] of parsed)
    t.match(await verify(received), { authentic: false, reason: 'malformed', evidence: [] }, what)
  for (const [what, received] of raw) {
    const bytes = typeof received === 'string' ? encoder.encode(received) : received
    t.match(await verify(bytes), { authentic: false, reason: 'malformed' }, what)
  }
  t.same(origin.requests, [])
})

t.test('__proto__ is an ordinary key: signed where it stands, and never a way around a rule', async (t) => {
  const { origin, series, verify, time } = await setUp(t)
  const withProto = objectOf(origin.serverName, time.now(), [one], { ['__proto__']: { title: 'x' } })
  const text = JSON.stringify(withProto)
  t.match(text, /__proto__/)
  t.match(await verify(encoder.encode(text)), { authentic: true })
  t.match(await verify(encoder.encode(text.replace('"x"', '"y"'))), { reason: 'bad_signature' })
  const hidden = JSON.stringify(without(series, 'signatures')).replace(
    /\}$/,
    `,"__proto__":{"signatures":${JSON.stringify(series.signatures)}}}`,
  )
  t.match(await verify(encoder.encode(hidden)), { reason: 'malformed' }, 'what it holds is not inherited')
})

t.test('a key counts for what was made while it was valid', async (t) => {
  const { origin, verify, time } = await setUp(t)
  const now = time.now()
  origin.answer = keyDocument(origin.serverName, now + DAY_MS, [one], {
    old: { [two.keyId]: { key: two.base64, expired_ts: now - 1000 } },
  })
  const cases: [TestKey, number, Verdict['reason']][] = [
    [two, now - 1001, 'authentic'],
    [two, now - 1000, 'key_not_valid_then'],
    [one, now + DAY_MS, 'authentic'],
    [one, now + DAY_MS + 1, 'key_not_valid_then'],
  ]
  for (const [key, madeTs, reason] of cases)
    t.match(await verify(objectOf(origin.serverName, madeTs, [key])), { reason, madeTs }, `${key.keyId} at ${madeTs}`)
})

t.test(
  'a release group’s key counts when it is pinned, and is passed over beside the server’s when it is not',
  async (t) => {
    const group = testKey(20, 'ed25519:group')
    const { origin, verify, time } = await setUp(t, {
      groupKeys: { Kaizoku: encodeBase64(group.signingKey.publicKey) },
    })
    const now = time.now()
    const own = { keyId: group.keyId, serverName: 'Kaizoku', source: 'pinned', toldBy: [], firstSeenTs: undefined }
    t.match(await verify(objectOf(origin.serverName, now, [one, group])), {
      authentic: true,
      message: `${origin.serverName} and Kaizoku signed`,
      evidence: [{ keyId: one.keyId, source: 'origin' }, own],
    })
    const alone = objectOf(origin.serverName, now, [group])
    t.match(await verify(alone), { authentic: true, message: 'This is what Kaizoku signed.', evidence: [own] })
    t.match(await verify({ ...alone, id: 's2' }), { reason: 'bad_signature' })
    const badBeside = objectOf(origin.serverName, now, [one, group])
    const signatures = { ...(badBeside.signatures as JsonObject), [group.keyId]: 'AAAA' }
    t.match(
      await verify({ ...badBeside, signatures }),
      { reason: 'bad_signature' },
      'one bad signature fails the object',
    )

    const stranger = await setUp(t)
    const object = objectOf(stranger.origin.serverName, now, [group])
    t.match(await stranger.verify(object), { authentic: false, reason: 'unknown_key' })
    const beside = objectOf(stranger.origin.serverName, now, [one, group])
    t.match(await stranger.verify(beside), { authentic: true, evidence: { length: 1 } })
  },
)

t.test('a mirrored object is authentic when both levels are', async (t) => {
  const { origin, series, verify, time } = await setUp(t)
  const mirror = await newOrigin(t)
  const now = time.now()
  mirror.answer = keyDocument(mirror.serverName, now + 7 * DAY_MS, [two])
  const mirrored = (inner: JsonValue): JsonObject => objectOf(mirror.serverName, now, [two], { origin: inner })
  t.match(await verify(mirrored(series)), {
    authentic: true,
    serverName: mirror.serverName,
    evidence: [{ serverName: mirror.serverName }],
    origin: { authentic: true, serverName: origin.serverName, evidence: [{ serverName: origin.serverName }] },
  })
  const altered = { ...series, id: 's2' }
  t.match(await verify(mirrored(altered)), {
    authentic: false,
    reason: 'bad_origin',
    evidence: [],
    origin: { reason: 'bad_signature', serverName: origin.serverName },
  })
  t.match(await verify(mirrored(objectOf(origin.serverName, now, [three]))), {
    reason: 'bad_origin',
    origin: { reason: 'unknown_key' },
  })
  t.match(
    await verify({ ...mirrored(series), origin: altered }),
    { reason: 'bad_signature' },
    'the outer one covers it',
  )
  for (const inner of [{}, [], null, 'x'])
    t.match(await verify(mirrored(inner)), { authentic: false, reason: 'malformed' })
  const twice = mirrored(mirrored(series))
  t.match(await verify(twice), {
    reason: 'bad_origin',
    origin: { reason: 'bad_origin', serverName: mirror.serverName },
  })
})

t.test('a key document is authentic when a key that is known to be its server’s signed it', async (t) => {
  const { origin, verify, time } = await setUp(t)
  const untilTs = time.now() + 7 * DAY_MS
  const document = keyDocument(origin.serverName, untilTs, [one])
  t.match(await verify(document), {
    authentic: true,
    serverName: origin.serverName,
    evidence: [{ keyId: one.keyId, source: 'origin' }],
  })
  t.match(await verify(encodeCanonical(document)), { authentic: true })
  t.match(await verify(signDocument(document, 'https://witness.example/v1', three.keyId, three.signingKey)), {
    authentic: true,
  })
  const { serverName } = origin
  const cases: [string, JsonObject, Verdict['reason']][] = [
    ['altered', { ...document, valid_until_ts: untilTs + 1 }, 'malformed'],
    ['another key', keyDocument(serverName, untilTs, [two]), 'unknown_key'],
    ['another key under a known id', keyDocument(serverName, untilTs, [testKey(9, one.keyId)]), 'key_conflict'],
    ['a known key that did not sign', keyDocument(serverName, untilTs, [one, two], { signers: [two] }), 'unknown_key'],
  ]
  for (const [what, altered, reason] of cases)
    t.match(await verify(altered), { authentic: false, reason, evidence: [] }, what)
  const rotating = keyDocument(serverName, untilTs, [one, two], { signers: [one, two] })
  t.match(await verify(rotating), { authentic: true, evidence: { length: 1 } }, 'a new key beside one that is known')
})

t.test('many are verified as each alone, in their order, on all cores', async (t) => {
  const { origin, series, federation, time } = await setUp(t)
  const received: (Uint8Array | JsonValue)[] = Array.from({ length: 60 }, (_, index) => {
    const object = objectOf(origin.serverName, time.now(), [one], { id: `s${index}` })
    return [object, { ...object, id: 'altered' }, encodeCanonical(object), encoder.encode('{'), null, series][
      index % 6
    ]!
  })
  received.push(objectOf(origin.serverName, time.now(), [one], { origin: series }))
  const together = await federation.verifyAll(received)
  const alone: Verdict[] = []
  for (const each of received) alone.push(await federation.verify(each))
  t.same(together, alone)
  t.equal(new Set(together.map(({ reason }) => reason)).size, 3)
  t.same(origin.requests, ['/v1/keys'])
  t.same(await federation.verifyAll([]), [])
})

t.test('what was read and encoded before is verified as its bytes are', async (t) => {
  const { origin, series, time } = await setUp(t)
  const environment = manualEnvironment()
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  const store = memoryStore()
  const identity = { serverName: 'https://reader.example/v1', store: store.identity, given: undefined, environment }
  const finder = createKeyFinder({
    ownKeys: await loadOwnKeys(identity),
    ring: createKeyRing({ store: store.remoteKeys, client, environment, logger: silentLogger }),
    panel: { ask: async () => [] },
    balancersOf: async () => new Set(),
    environment,
    logger: silentLogger,
  })
  const verifier = createVerifier({ finder, groupKeys: new Map(), names: { allowInsecure: true }, environment })
  const others: JsonObject[] = [
    { ...series, id: 'altered' },
    { ...series, unsigned: { any: 'thing' } },
    without(series, 'metadata'),
    objectOf(origin.serverName, time.now(), [one], { origin: series }),
    objectOf(origin.serverName, time.now(), [one], { 'a "quoted" key\n': '日本😀', z: [] }),
    keyDocument(origin.serverName, time.now() + DAY_MS, [one]),
    // Read as bytes, an object's metadata are left unread; those of a key document are signed like all of it.
    signDocument(
      { ...keyDocument(origin.serverName, time.now() + DAY_MS, [one]), metadata: { a: 1 }, signatures: {} },
      origin.serverName,
      one.keyId,
      one.signingKey,
    ),
  ]
  const objects = [series, ...others]
  const encoded = objects.map((json) => ({ json, bytes: encodeCanonical(json) }))
  const asBytes = await verifier.verifyAll(encoded.map(({ bytes }) => bytes))
  t.same(await verifier.verifyAll(encoded), asBytes)
  t.same(await verifier.verifyAll(objects), asBytes)
  t.same(
    asBytes.map(({ reason }) => reason),
    ['authentic', 'bad_signature', 'authentic', 'malformed', 'authentic', 'authentic', 'authentic', 'authentic'],
  )
  const areAuthentic = (some: readonly Received[], by = verifier): Promise<boolean> => {
    const verifying = by.together()
    for (const each of some) verifying.add(each)
    return verifying.areAuthentic()
  }
  for (const [index, each] of encoded.entries()) {
    const expected = asBytes[index]!.authentic
    t.equal(await areAuthentic([series, each]), expected, `together: ${asBytes[index]!.reason}`)
  }
  const many = Array<JsonObject>(150).fill(series)
  t.equal(await areAuthentic(many), true)
  t.equal(await areAuthentic(many.with(70, { ...series, id: 'altered' })), false, 'one of many')
  t.equal(await areAuthentic([]), true)
  const lost = { find: () => Promise.reject(new Error('The store is gone')) }
  const blind = createVerifier({ finder: lost, groupKeys: new Map(), names: { allowInsecure: true }, environment })
  t.equal(await areAuthentic([series], blind), false, 'keys that cannot be looked up')
  const padded = { ...series, long: 'x'.repeat(2 * 64 * 1024) }
  t.match(await verifier.verify({ json: padded, bytes: encodeCanonical(padded) }), { reason: 'malformed' })
})

t.test('an origin that is gone is verified on the word of two witnesses, and of no fewer', async (t) => {
  const origin = await serveFederation(t)
  const [a, b] = [await serveFederation(t), await serveFederation(t)]
  const originName = origin.federation.serverName
  const [nameA, nameB] = [a, b].map(({ federation }) => federation.serverName) as [string, string]
  const path = `/v1/keys/origin/${encodeServerNameSegment(originName)}`
  for (const witness of [a, b]) await witness.get(path)
  const [document] = (await a.get(path)).json.server_keys as [JsonObject]
  await origin.kill()

  const reader = testFederation(t, { witnesses: [nameA, nameB] })
  t.match(await reader.federation.verify(document), {
    authentic: true,
    serverName: originName,
    evidence: [{ source: 'witness', toldBy: [nameA, nameB], firstSeenTs: reader.time.now() }],
  })
  const trusting = testFederation(t, { witnesses: [nameA], quorum: 1 })
  t.match(await trusting.federation.verify(document), { authentic: true, evidence: [{ toldBy: [nameA] }] })
  const lonely = testFederation(t, { witnesses: [nameA, 'http://127.0.0.1:1/v1'] })
  t.match(await lonely.federation.verify(document), { authentic: false, reason: 'unreachable', evidence: [] })
  t.match(await testFederation(t).federation.verify(document), { reason: 'unreachable' })
})

t.test('a witness that lies is named, and one that the origin chose does not count', async (t) => {
  const origin = await newOrigin(t)
  const [a, b] = [await serveFederation(t), await newOrigin(t)]
  const reader = testFederation(t, { witnesses: [a.federation.serverName, b.serverName] })
  const untilTs = reader.time.now() + 7 * DAY_MS
  const series = objectOf(origin.serverName, reader.time.now())
  origin.answer = keyDocument(origin.serverName, untilTs, [one])
  await a.get(`/v1/keys/origin/${encodeServerNameSegment(origin.serverName)}`)

  const lie = keyDocument(origin.serverName, untilTs, [testKey(9, one.keyId)])
  const told = { server_keys: [signDocument(lie, b.serverName, three.keyId, three.signingKey)] }
  b.answer = (request, response) =>
    void response.end(encodeCanonical(request.url === '/v1/keys' ? keyDocument(b.serverName, untilTs, [three]) : told))
  const listing = { primary: origin.serverName, 'load-balancers': [] as string[] }
  origin.answer = (request, response) =>
    void (request.url === '/v1/keys' ? response.writeHead(503).end() : response.end(JSON.stringify(listing)))
  t.match(await reader.federation.verify(series), {
    authentic: false,
    reason: 'key_conflict',
    message: `${a.federation.serverName} tell one key, ${b.serverName} another`,
  })

  listing['load-balancers'] = [b.serverName]
  const other = testFederation(t, { witnesses: [a.federation.serverName, b.serverName], quorum: 1 })
  t.match(await other.federation.verify(series), { authentic: true, evidence: [{ toldBy: [a.federation.serverName] }] })
})

t.test('a request is authenticated by a current key of its sender, once, for this destination', async (t) => {
  const environment = manualEnvironment()
  const sender = await newOrigin(t)
  const publish = (keys: readonly TestKey[], old: JsonObject = {}): void => {
    sender.answer = keyDocument(sender.serverName, environment.now() + 7 * DAY_MS, keys, { old })
  }
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  const store = memoryStore()
  const ring = createKeyRing({ store: store.remoteKeys, client, environment, logger: silentLogger })
  const receiver = 'https://receiver.example/v1'
  const finder = createKeyFinder({
    ownKeys: await loadOwnKeys({ serverName: receiver, store: store.identity, given: undefined, environment }),
    ring,
    panel: { ask: () => Promise.reject(new Error('Request authentication never rests on witnesses.')) },
    balancersOf: async () => new Set(),
    environment,
    logger: silentLogger,
  })
  const bytes = encoder.encode('{}')
  const signed = (key: TestKey, base = receiver): ReceivedRequest => {
    const targetUri = `${base}/federation/send/1`
    const headers = signRequest({
      method: 'PUT',
      targetUri,
      body: { bytes, contentType: 'application/json' },
      senderName: sender.serverName,
      keyId: key.keyId,
      key: key.signingKey,
      now: environment.now(),
    })
    return { request: { method: 'PUT', headers }, body: bytes, targetUri: `${receiver}/federation/send/1` }
  }
  const receive = (request: ReceivedRequest): Promise<string> =>
    verifyRequest(request, {
      allowInsecure: true,
      now: environment.now(),
      currentKey: ({ serverName, keyId }) => finder.findCurrent(serverName, keyId),
      useNonce: (nonce, expiresTs) => store.nonces.use(nonce, expiresTs, environment.now()),
    })

  publish([one])
  const request = signed(one)
  t.equal(await receive(request), sender.serverName)
  await t.rejects(receive(request), { code: 'replayed_request' })
  const twice = signed(one)
  const both = await Promise.allSettled([receive(twice), receive(twice)])
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'of two at one time one is accepted')
  await t.rejects(receive(signed(one, 'https://elsewhere.example/v1')), { code: 'invalid_request_signature' })
  await t.rejects(receive(signed(two)), { code: 'invalid_request_signature', message: /not among the current keys/ })
  await t.rejects(receive(signed(testKey(9, one.keyId))), {
    code: 'invalid_request_signature',
    message: /does not fit/,
  })

  await environment.advance(60_000)
  publish([two], { [one.keyId]: { key: one.base64, expired_ts: environment.now() } })
  t.equal(await receive(signed(two)), sender.serverName, 'a new key is fetched when it is first met')
  await t.rejects(receive(signed(one)), { message: /not among the current keys/ })
  const stale = signed(two)
  await environment.advance(301_000)
  await t.rejects(receive(stale), { code: 'stale_request' })
})

function without(object: JsonObject, name: string): JsonObject {
  const { [name]: _left, ...kept } = object
  return kept
}
