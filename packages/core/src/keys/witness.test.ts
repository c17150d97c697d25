import { type AddressInfo, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { importPublicKey, type PublicKey } from '../crypto/index.ts'
import type { FederationRequest } from '../http/index.ts'
import {
  decodeBase64,
  encodeCanonical,
  type JsonObject,
  type JsonValue,
  parseStrict,
  verifyDocument,
} from '../json/index.ts'
import { createWorkLimits } from '../limits/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import { memoryStore } from '../store/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { type TestAnswer, type TestFederation, testFederation } from '../test-federation.ts'
import { loadOwnKeys } from './own-keys.ts'
import { keyRoutes } from './routes.ts'
import { keyDocument, startOrigin, type TestKey, testKey, type TestOrigin } from './test-origin.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const [one, two] = [testKey(1), testKey(2)]
const encoder = new TextEncoder()

interface Setup extends TestFederation {
  readonly origin: TestOrigin
  /** Lets the origin answer with a well-made document. */
  publish(keys?: readonly TestKey[], lifetimeMs?: number, extra?: JsonObject): void
  /** Asks the witness for the origin alone. */
  witnessed(query?: string): Promise<TestAnswer>
}

async function setUp(t: Test): Promise<Setup> {
  const witness = testFederation(t)
  const origin = await newOrigin(t)
  return {
    ...witness,
    origin,
    publish: (keys = [one], lifetimeMs = 7 * DAY_MS, extra = {}) => {
      origin.answer = keyDocument(origin.serverName, witness.time.now() + lifetimeMs, keys, { extra })
    },
    witnessed: (query = '') => witness.get(`${pathTo(origin.serverName)}${query}`),
  }
}

async function newOrigin(t: Test, path?: string): Promise<TestOrigin> {
  const origin = await startOrigin(path)
  t.teardown(() => origin.close())
  return origin
}

function pathTo(serverName: string, spelling = 'origin'): string {
  return `/v1/keys/${spelling}/${encodeServerNameSegment(serverName)}`
}

function asking(...serverNames: readonly string[]): JsonObject {
  return { server_keys: Object.fromEntries(serverNames.map((name) => [name, {}])) }
}

function documentsOf({ json }: TestAnswer): JsonObject[] {
  return json.server_keys as JsonObject[]
}

function namesIn(answer: TestAnswer): JsonValue[] {
  return documentsOf(answer).map((document) => document.server_name ?? null)
}

/** The keys of the witness, as its own document tells them. */
async function keysOf({ get }: TestFederation): Promise<Map<string, PublicKey>> {
  const { verify_keys: keys } = (await get('/v1/keys')).json
  return new Map(
    Object.entries(keys as Record<string, { key: string }>).map(([keyId, { key }]) => [
      keyId,
      importPublicKey(decodeBase64(key)),
    ]),
  )
}

t.test('W1 a cold question is answered from the origin, in both spellings of the routes', async (t) => {
  for (const spelling of ['origin', 'query']) {
    const { origin, publish, get } = await setUp(t)
    publish()
    const answer = await get(pathTo(origin.serverName, spelling))
    t.equal(answer.status, 200)
    t.match(answer.headers, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
    t.same(namesIn(answer), [origin.serverName])
    t.same(origin.requests, ['/v1/keys'])
    await get(pathTo(origin.serverName, spelling))
    t.same(origin.requests, ['/v1/keys'], 'a warm one without asking')
  }
  for (const path of ['/v1/keys', '/v1/keys/query']) {
    const { origin, publish, post } = await setUp(t)
    publish()
    t.same(namesIn(await post(path, asking(origin.serverName))), [origin.serverName])
    t.same(origin.requests, ['/v1/keys'])
  }
})

t.test('W2 minimum_valid_until_ts has the origin asked again when its document ends before', async (t) => {
  const { origin, publish, witnessed, time, post } = await setUp(t)
  publish([one], 4 * DAY_MS)
  const untilTs = time.now() + 4 * DAY_MS
  await witnessed()
  await witnessed(`?minimum_valid_until_ts=${untilTs}`)
  t.equal(origin.requests.length, 1, 'a document that ends just then is enough')
  publish([one], 5 * DAY_MS)
  const later = await witnessed(`?minimum_valid_until_ts=${untilTs + 1}`)
  t.equal(origin.requests.length, 2)
  t.equal(documentsOf(later)[0]?.valid_until_ts, untilTs + DAY_MS)
  const beyond = {
    server_keys: { [origin.serverName]: { a: { minimum_valid_until_ts: untilTs + DAY_MS + 1 }, b: {} } },
  }
  t.equal(documentsOf(await post('/v1/keys', beyond)).length, 1, 'what ends too early is better than nothing')
  t.equal(origin.requests.length, 3)
})

t.test('W3 a question for no server is answered with an empty array', async (t) => {
  const { post } = await setUp(t)
  for (const path of ['/v1/keys', '/v1/keys/query']) {
    const answer = await post(path, { server_keys: {} })
    t.equal(answer.status, 200)
    t.same(answer.json, { server_keys: [] })
  }
})

t.test('W4 a question without key ids is answered with all keys of the server, and so is one with some', async (t) => {
  const { origin, publish, post } = await setUp(t)
  publish([one, two])
  for (const keyIds of [{}, { [one.keyId]: {} }, { 'ed25519:unknown': {} }]) {
    const [document] = documentsOf(await post('/v1/keys', { server_keys: { [origin.serverName]: keyIds } }))
    t.same(Object.keys(document?.verify_keys ?? {}), [one.keyId, two.keyId])
  }
})

t.test('W5 an answer carries two good signatures, the origin’s and the witness’s', async (t) => {
  const setup = await setUp(t)
  const { origin, publish, witnessed, federation, time } = setup
  publish([one, two])
  const originKeys = new Map([one, two].map(({ keyId, signingKey }) => [keyId, importPublicKey(signingKey.publicKey)]))
  const [document] = documentsOf(await witnessed())
  t.same(verifyDocument(document!, origin.serverName, originKeys), { verified: true, good: [one.keyId, two.keyId] })
  const witnessKeys = await keysOf(setup)
  t.same(verifyDocument(document!, federation.serverName, witnessKeys), {
    verified: true,
    good: [...witnessKeys.keys()],
  })
  await time.advance(1)
  await federation.keys.rotate()
  const [again] = documentsOf(await witnessed())
  const both = await keysOf(setup)
  t.equal(both.size, 2)
  t.match(verifyDocument(again!, federation.serverName, both), { verified: true }, 'and a rotated key signs at once')
  t.same(
    Object.keys((again!.signatures as Record<string, JsonObject>)[federation.serverName] ?? {}).sort(),
    [...both.keys()].sort(),
  )
})

t.test('W5 what an origin puts under the witness’s name is replaced by what the witness signed', async (t) => {
  const setup = await setUp(t)
  const { origin, federation, witnessed, time } = setup
  const junk = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`ed25519:junk${index}`, 'AAAA']))
  for (const planted of [5, null, [], 'text', junk]) {
    await time.advance(4 * DAY_MS)
    const fresh = keyDocument(origin.serverName, time.now() + 7 * DAY_MS, [one])
    origin.answer = {
      ...fresh,
      signatures: { ...(fresh.signatures as JsonObject), [federation.serverName]: planted },
    }
    const [answered] = documentsOf(await witnessed())
    t.match(verifyDocument(answered!, federation.serverName, await keysOf(setup)), { verified: true })
    t.equal(Object.keys((answered!.signatures as Record<string, JsonObject>)[federation.serverName]!).length, 1)
  }
})

t.test('W6 fields that the witness does not know are handed on byte for byte', async (t) => {
  const { origin, publish, witnessed, federation } = await setUp(t)
  publish([one], DAY_MS, {
    software: { 'name\u0000': '漫画 😀', list: [1, -2, { '10': null, '9': true }] },
    ['__proto__']: { kept: true },
    extra_signed: 'é',
  })
  const answered = parseStrict((await witnessed()).body) as { server_keys: JsonObject[] }
  const [document] = answered.server_keys
  const { [federation.serverName]: added, ...signatures } = document!.signatures as JsonObject
  t.ok(added)
  t.same(encodeCanonical({ ...document!, signatures }), encodeCanonical(origin.answer))
})

t.test('W7 an origin that is offline has its last good document served, expired or not', async (t) => {
  const { origin, publish, witnessed, time, post } = await setUp(t)
  publish()
  const before = await witnessed()
  await origin.close()
  await time.advance(30 * DAY_MS)
  const after = await witnessed()
  t.equal(after.status, 200)
  t.same(after.body, before.body)
  t.same((await post('/v1/keys', asking(origin.serverName))).body, before.body)
})

t.test('W8 an origin that is offline and unknown is left out, with 200', async (t) => {
  const { origin, witnessed, post } = await setUp(t)
  await origin.close()
  for (const answer of [await witnessed(), await post('/v1/keys', asking(origin.serverName))]) {
    t.equal(answer.status, 200)
    t.same(answer.json, { server_keys: [] })
    t.equal(answer.headers['cache-control'], 'no-store', 'no cache keeps that nothing is known')
  }
})

t.test('W9 a document is fetched again at half of its lifetime', async (t) => {
  const { origin, publish, witnessed, time } = await setUp(t)
  publish([one], 6 * DAY_MS)
  await witnessed()
  await time.advance(3 * DAY_MS - 1)
  await witnessed()
  t.equal(origin.requests.length, 1)
  await time.advance(1)
  publish([one, two])
  const [document] = documentsOf(await witnessed())
  t.equal(origin.requests.length, 2)
  t.same(Object.keys(document?.verify_keys ?? {}), [one.keyId, two.keyId])
})

t.test('W10 a spurious answer does not overwrite a good one', async (t) => {
  const { origin, publish, witnessed, time } = await setUp(t)
  publish()
  const good = await witnessed()
  const unsigned = { ...keyDocument(origin.serverName, time.now() + 99 * DAY_MS, [two]), signatures: {} }
  const answers: TestOrigin['answer'][] = [
    unsigned,
    {},
    keyDocument(origin.serverName, time.now() + 99 * DAY_MS, [testKey(9, one.keyId)]),
    (_request, response) => void response.end('[]'),
    (_request, response) => void response.writeHead(500).end(),
  ]
  for (const [index, answer] of answers.entries()) {
    origin.answer = answer
    await time.advance(4 * DAY_MS)
    t.same((await witnessed()).body, good.body)
    t.equal(origin.requests.length, index + 2, 'it was asked')
  }
})

t.test('W11 an answer for another name is not stored, neither under its own name nor the other', async (t) => {
  const { origin, witnessed, time, store, get } = await setUp(t)
  const other = 'http://127.0.0.1:1/v1'
  origin.answer = keyDocument(other, time.now() + DAY_MS, [one])
  t.same(documentsOf(await witnessed()), [])
  t.same(documentsOf(await get(pathTo(other))), [])
  t.equal(await store.remoteKeys.load(origin.serverName), undefined)
  t.equal(await store.remoteKeys.load(other), undefined)
})

t.test('W12 its own name is answered from its own keys without a request', async (t) => {
  const { get, post, federation } = await setUp(t)
  const own = (await get('/v1/keys')).json
  t.same((await get(pathTo(federation.serverName))).json, { server_keys: [own] })
  t.same((await post('/v1/keys', asking(federation.serverName))).json, { server_keys: [own] })
})

t.test('W13 a question beyond its caps, or of the wrong form, is refused before anybody is asked', async (t) => {
  const { origin, publish, post, get } = await setUp(t)
  publish()
  const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `http://10.0.0.${index}/v1`)
  const criteria = (count: number): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`ed25519:k${index}`, {}]))
  const until = (minimum: JsonObject[string]): JsonObject => ({
    server_keys: { [origin.serverName]: { [one.keyId]: { minimum_valid_until_ts: minimum } } },
  })
  const refused: [string, JsonObject | Uint8Array, number, string, RegExp][] = [
    ['51 servers', asking(...names(51)), 400, 'invalid_parameter', /50 servers/],
    ['51 key ids', { server_keys: { [origin.serverName]: criteria(51) } }, 400, 'invalid_parameter', /50 keys/],
    ['a negative minimum', until(-1), 400, 'invalid_parameter', /not negative/],
    ['a minimum in text', until('1'), 400, 'invalid_parameter', /whole number/],
    ['no minimum where one is named', until(null), 400, 'invalid_parameter', /whole number/],
    ['criteria that are no object', { server_keys: { a: { b: 1 } } }, 400, 'invalid_parameter', /key id/],
    ['key ids that are no object', { server_keys: { a: [] } }, 400, 'invalid_parameter', /key ids/],
    ['servers that are no object', { server_keys: [] }, 400, 'invalid_parameter', /server_keys/],
    ['no servers', {}, 400, 'invalid_parameter', /server_keys/],
    ['no JSON', encoder.encode('{'), 400, 'invalid_json', /./],
    [
      'a fraction',
      encoder.encode('{"server_keys":{"a":{"b":{"minimum_valid_until_ts":1.5}}}}'),
      400,
      'invalid_json',
      /./,
    ],
    ['a key that is there twice', encoder.encode('{"server_keys":{"a":{},"a":{}}}'), 400, 'invalid_json', /twice/],
    ['a long body', new Uint8Array(384 * 1024 + 1), 413, 'body_too_large', /./],
  ]
  for (const path of ['/v1/keys', '/v1/keys/query']) {
    for (const [what, body, status, code, message] of refused) {
      const answer = await post(path, body)
      t.equal(answer.status, status, what)
      t.match(answer.json, { error_code: code, message }, what)
    }
  }
  for (const minimum of ['-1', '1.5', '', '1e3', '9007199254740993', '1&minimum_valid_until_ts=2']) {
    const answer = await get(`${pathTo(origin.serverName)}?minimum_valid_until_ts=${minimum}`)
    t.match([answer.status, answer.json.error_code], [400, 'invalid_parameter'], minimum)
  }
  t.same(origin.requests, [])
  const most = {
    server_keys: { [origin.serverName]: criteria(50), ...(asking(...names(49)).server_keys as JsonObject) },
  }
  t.same(namesIn(await post('/v1/keys', most)), [origin.serverName], 'the most that is allowed is answered')
})

t.test('W14 names that point inside are not asked', async (t) => {
  let connections = 0
  const listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => listener.close(resolve)))
  const { port } = listener.address() as AddressInfo
  const private_ = ['10.0.0.1', '169.254.169.254', '192.168.0.1', '[fd00::1]', '[fe80::1]', '0.0.0.0', '[::]']
  const loopback = ['127.0.0.1', 'localhost', 'x.localhost', '127.9.9.9', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]']

  const strict = testFederation(t, { serverName: 'https://witness.example/v1', allowInsecure: false })
  for (const host of [...private_, ...loopback]) {
    const name = `https://${host}:${port}/v1`
    t.same(documentsOf(await strict.get(pathTo(name))), [], name)
    t.same(documentsOf(await strict.post('/v1/keys', asking(name))), [], name)
  }
  t.equal(
    (await strict.get(pathTo(`http://127.0.0.1:${port}/v1`))).status,
    400,
    'http is no name without allowInsecure',
  )
  t.equal(connections, 0)

  const insecure = testFederation(t)
  for (const host of [...private_, '[::ffff:7f00:1]', '[64:ff9b::7f00:1]'])
    t.same(documentsOf(await insecure.get(pathTo(`http://${host}:${port}/v1`))), [], host)
  t.equal(connections, 0, 'allowInsecure lets loopback through and nothing else')
  await insecure.get(pathTo(`http://127.0.0.1:${port}/v1`))
  t.equal(connections, 1)
  const origin = await newOrigin(t)
  const byName = origin.serverName.replace('127.0.0.1', 'localhost')
  origin.answer = keyDocument(byName, insecure.time.now() + DAY_MS, [one])
  t.same(namesIn(await insecure.get(pathTo(byName))), [byName])
})

t.test('W15 one bad server does not fail the batch', async (t) => {
  const { origin, publish, post, federation, time } = await setUp(t)
  publish()
  const [liar, broken, gone, deep] = [await newOrigin(t), await newOrigin(t), await newOrigin(t), await newOrigin(t)]
  liar.answer = keyDocument(origin.serverName, time.now() + DAY_MS, [one])
  broken.answer = (_request, response) => void response.destroy()
  await gone.close()
  const nested = parseStrict(encoder.encode(`${'['.repeat(63)}${']'.repeat(63)}`))
  deep.answer = keyDocument(deep.serverName, time.now() + DAY_MS, [one], { extra: { nested } })
  const names = [liar, broken, gone, deep].map(({ serverName }) => serverName)
  const bad = ['', 'no name', '__proto__', `${origin.serverName}/`, 'http://10.0.0.1/v1', 'https://nowhere.invalid/v1']
  const answer = await post('/v1/keys', asking(...names, ...bad, origin.serverName, federation.serverName))
  t.equal(answer.status, 200)
  t.same(new Set(namesIn(answer)), new Set([origin.serverName, federation.serverName]))
  t.doesNotThrow(() => parseStrict(answer.body), 'a document that is nested to the limit leaves the answer within it')
})

t.test('W16 100 concurrent questions are one fetch', async (t) => {
  const { origin, publish, witnessed, post } = await setUp(t)
  publish()
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0 ? witnessed() : post('/v1/keys/query', asking(origin.serverName)),
    ),
  )
  for (const answer of answers) t.same(namesIn(answer), [origin.serverName])
  t.equal(origin.requests.length, 1)
})

t.test('W17 a failure is remembered for a minute', async (t) => {
  const { origin, publish, witnessed, time } = await setUp(t)
  t.same(documentsOf(await witnessed()), [])
  publish()
  await time.advance(59_999)
  t.same(documentsOf(await witnessed(`?minimum_valid_until_ts=${Number.MAX_SAFE_INTEGER}`)), [])
  t.equal(origin.requests.length, 1)
  await time.advance(1)
  t.same(namesIn(await witnessed()), [origin.serverName])
  t.equal(origin.requests.length, 2)
})

t.test('a server that hangs does not keep the others of a batch, and is not waited for longer than 20 s', async (t) => {
  const { origin, publish, post, time, store } = await setUp(t)
  publish()
  const hanging = await newOrigin(t)
  const asked = new Promise<void>((resolve) => {
    hanging.answer = () => resolve()
  })
  const answering = post('/v1/keys', asking(hanging.serverName, origin.serverName))
  await asked
  while (!(await store.remoteKeys.load(origin.serverName))) await time.yieldToOthers()
  await time.advance(20_000)
  t.same(namesIn(await answering), [origin.serverName])

  const environment = manualEnvironment()
  const keys = await loadOwnKeys({
    serverName: 'https://witness.example/v1',
    store: memoryStore().identity,
    given: undefined,
    environment,
  })
  const witness = {
    witness: (serverName: string): Promise<Uint8Array | undefined> =>
      serverName.includes('quick') ? Promise.resolve(encoder.encode('{}')) : new Promise(() => {}),
  }
  const limits = createWorkLimits({ environment })
  const route = keyRoutes.find(({ method }) => method === 'POST')!
  const body = encodeCanonical(asking('https://quick.example/v1', 'https://hanging.example/v1'))
  const request: FederationRequest = {
    method: 'POST',
    target: '/v1/keys',
    headers: {},
    clientAddress: '192.0.2.1',
    body: async () => body,
  }
  let isAnswered = false
  const answer = Promise.resolve(
    route.handle(
      { keys, witness, limits, names: {}, environment },
      { request, query: new URLSearchParams(), serverName: undefined, segment: undefined },
    ),
  ).finally(() => {
    isAnswered = true
  })
  await environment.advance(19_999)
  t.notOk(isAnswered)
  await environment.advance(1)
  t.same(Buffer.from((await answer).body as Uint8Array).toString(), '{"server_keys":[{}]}')
  t.equal(environment.waiting, 0)
})

t.test('who asks for too much gets 429, others are served, and what is cached is served to all', async (t) => {
  const { origin, publish, witnessed, get, post, time } = await setUp(t)
  publish()
  const inside = (from: number): string[] =>
    Array.from({ length: 50 }, (_, index) => `http://10.0.0.${from + index}/v1`)
  for (const from of [0, 50]) t.equal((await post('/v1/keys', asking(...inside(from)))).status, 200)
  for (const refused of [await witnessed(), await post('/v1/keys', asking(origin.serverName))]) {
    t.equal(refused.status, 429)
    t.equal(refused.headers['retry-after'], '1')
    t.equal(refused.headers['cache-control'], 'no-store')
    t.match(refused.json, { error_code: 'rate_limited' })
  }
  t.same(origin.requests, [])
  t.same(namesIn(await get(pathTo(origin.serverName), '192.0.2.2')), [origin.serverName], 'another one is served')
  t.same(namesIn(await witnessed()), [origin.serverName], 'and then the first one too, since it is cached')
  t.same(
    namesIn(await witnessed(`?minimum_valid_until_ts=${Number.MAX_SAFE_INTEGER}`)),
    [origin.serverName],
    'also when he would have it fetched anew',
  )
  t.equal(origin.requests.length, 1)
  t.equal((await get(pathTo('http://10.0.0.200/v1'))).status, 429)
  await time.advance(1000)
  t.equal((await get(pathTo('http://10.0.0.200/v1'))).status, 200, 'a second later he may ask again')
})
