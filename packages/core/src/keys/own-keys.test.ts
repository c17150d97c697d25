import t from 'tap'
import { importPublicKey } from '../crypto/index.ts'
import { decodeBase64, type JsonObject, parseStrict, verifyDocument } from '../json/index.ts'
import { isKeyId } from '../names/index.ts'
import { memoryStore, type Store } from '../store/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { keyOfSeed, type LoadedKey, loadOwnKeys, type OwnKeys, readIdentity, writeIdentity } from './index.ts'

const serverName = 'https://manga.example.com/v1'
const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const SEED = new Uint8Array(32).fill(9)

async function load(
  store: Store,
  {
    seed,
    environment = manualEnvironment(),
  }: { seed?: Uint8Array; environment?: ReturnType<typeof manualEnvironment> } = {},
): Promise<OwnKeys> {
  const given = seed && [keyOfSeed(seed, environment.now())]
  return loadOwnKeys({ serverName, store: store.identity, given, environment })
}

function documentOf(keys: OwnKeys): JsonObject {
  return parseStrict(keys.document().bytes) as JsonObject
}

t.test('K1 the key document has all five fields and verifies itself', async (t) => {
  const environment = manualEnvironment()
  const keys = await load(memoryStore(), { environment })
  const document = documentOf(keys)
  t.same(Object.keys(document).sort(), [
    'old_verify_keys',
    'server_name',
    'signatures',
    'valid_until_ts',
    'verify_keys',
  ])
  t.match(document, { server_name: serverName, old_verify_keys: {}, valid_until_ts: environment.now() + 7 * DAY_MS })
  const [[keyId, entry] = ['', undefined]] = Object.entries(document.verify_keys as Record<string, { key: string }>)
  t.equal(isKeyId(keyId), true)
  const key = importPublicKey(decodeBase64(entry?.key ?? '', 32))
  t.same(verifyDocument(document, serverName, new Map([[keyId, key]])), { verified: true, good: [keyId] })
})

t.test('the document is signed once and again at half of its lifetime, so it is never close to its end', async (t) => {
  const environment = manualEnvironment()
  const keys = await load(memoryStore(), { environment })
  const first = keys.document()
  await environment.advance(3.5 * DAY_MS - 1)
  t.equal(keys.document(), first, 'the same bytes until then')
  await environment.advance(1)
  const second = keys.document()
  t.not(second, first)
  t.not(second.etag, first.etag)
  await environment.advance(400 * DAY_MS)
  t.ok(Number(documentOf(keys).valid_until_ts) - environment.now() > HOUR_MS, 'after a long sleep too')
})

t.test('a restart and a process that starts at the same moment have the same identity', async (t) => {
  const store = memoryStore()
  const [one, two] = await Promise.all([load(store), load(store)])
  const later = await load(store)
  t.equal(one?.active()[0]?.publicKeyBase64, two?.active()[0]?.publicKeyBase64)
  t.equal(later.active()[0]?.publicKeyBase64, one?.active()[0]?.publicKeyBase64)
  t.equal(later.active()[0]?.keyId, one?.active()[0]?.keyId)
  const other = await load(memoryStore())
  t.not(other.active()[0]?.publicKeyBase64, later.active()[0]?.publicKeyBase64, 'another store has another')
})

t.test('a seed given by the operator makes the key, and may be left out later', async (t) => {
  const store = memoryStore()
  const given = await load(store, { seed: SEED })
  t.equal((await load(memoryStore(), { seed: SEED })).active()[0]?.publicKeyBase64, given.active()[0]?.publicKeyBase64)
  t.equal((await load(store)).active()[0]?.publicKeyBase64, given.active()[0]?.publicKeyBase64)
  await t.rejects(load(store, { seed: new Uint8Array(32).fill(8) }), {
    code: 'identity_mismatch',
    message: /another one than the key stored .* Leave the seed or identity out/,
  })
})

t.test('a start under another name stops and says what to do', async (t) => {
  const store = memoryStore()
  await load(store)
  const wrong = loadOwnKeys({
    serverName: 'https://other.example.com/v1',
    store: store.identity,
    given: undefined,
    environment: manualEnvironment(),
  })
  await t.rejects(wrong, {
    code: 'identity_mismatch',
    message:
      /belongs to https:\/\/manga\.example\.com\/v1, and the site was started as https:\/\/other\.example\.com\/v1/,
  })
})

t.test('a store with a name and no key stops the start', async (t) => {
  const store = memoryStore()
  await store.identity.create({ serverName, keys: [] })
  await t.rejects(load(store), { code: 'store_damaged', message: /restore a backup/ })
})

t.test('K2 every verify key signs, K3 old_verify_keys is there, with an expired_ts that never changes', async (t) => {
  const environment = manualEnvironment()
  const store = memoryStore()
  const keys = await load(store, { environment })
  const [first] = keys.active()
  const startTs = environment.now()
  await keys.rotate(2 * DAY_MS)
  const during = documentOf(keys)
  const [second] = keys.active()
  t.equal(keys.active().length, 2, 'both sign during the overlap')
  t.not(second?.keyId, first?.keyId, 'the new one comes first')
  t.same(Object.keys(during.verify_keys as object).sort(), idsOf(first, second))
  t.same(during.old_verify_keys, {})
  t.same(signersOf(during), idsOf(first, second))

  await environment.advance(2 * DAY_MS - 1)
  t.same(signersOf(documentOf(keys)), idsOf(first, second))
  await environment.advance(1)
  const expected = { [String(first?.keyId)]: { key: first?.publicKeyBase64, expired_ts: startTs + 2 * DAY_MS } }
  t.same(documentOf(keys).old_verify_keys, expected)
  t.same(signersOf(documentOf(keys)), [second?.keyId])
  t.equal(verifiesItself(documentOf(keys)), true)

  await keys.rotate(0)
  const later = documentOf(await load(store, { environment }))
  t.match(later.old_verify_keys, expected, 'after another rotation and a restart')
  t.equal(Object.keys(later.old_verify_keys as object).length, 2)
})

t.test('of two processes that rotate at once one is told so, and has the new keys', async (t) => {
  const store = memoryStore()
  const [one, two] = await Promise.all([load(store), load(store)])
  await one?.rotate()
  await t.rejects(two?.rotate() ?? Promise.resolve(), { code: 'store_conflict', message: /That counts/ })
  t.same(two?.identity(), one?.identity())
  t.equal(await two?.reload(), false, 'they are there already')
  await two?.rotate()
  t.equal(await one?.reload(), true)
  t.same(documentOf(one), documentOf(two))
})

t.test('an identity can be printed, typed in again, and brings the server back', async (t) => {
  const environment = manualEnvironment()
  const keys = await load(memoryStore(), { environment })
  await keys.rotate(DAY_MS)
  await environment.advance(2 * DAY_MS)
  const text = writeIdentity(keys.identity())
  t.ok(text.length < 350, `short enough to print: ${text.length} characters`)
  t.same(readIdentity(text, {}), keys.identity())
  const typed = text.replaceAll(
    /(?<=\d (?:\d+|-) )\S+$/gm,
    (secret) => ` ${secret.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o')} `,
  )
  t.not(typed, text)
  t.same(readIdentity(`\n${typed}\n`, {}), keys.identity(), 'lower case, spaces for hyphens, O for 0')

  const { keys: given } = readIdentity(text, {})
  const moved = await loadOwnKeys({ serverName, store: memoryStore().identity, given, environment })
  t.same(documentOf(moved).verify_keys, documentOf(keys).verify_keys)
  t.same(documentOf(moved).old_verify_keys, documentOf(keys).old_verify_keys)
  const other = memoryStore()
  await load(other, { seed: SEED })
  await t.rejects(loadOwnKeys({ serverName, store: other.identity, given, environment }), { code: 'identity_mismatch' })
})

t.test('a text that is no identity is refused with the line to look at, and without the secret', (t) => {
  const identity = { serverName, keys: [{ keyId: 'ed25519:a', seed: SEED, createdTs: 5, expiredTs: undefined }] }
  const text = writeIdentity(identity)
  const [head = '', line = ''] = text.split('\n')
  const secret = line.split(' ')[3] ?? ''
  const cases: [string, RegExp][] = [
    ['', /must begin with manga-federation-identity-1/],
    [head, /1 to 64 lines/],
    [`${head.replace('https', 'http')}\n${line}`, /http/],
    [`${head}\n${line.replace('ed25519', 'rsa')}`, /key 1 must be a line of four parts/],
    [`${head}\n${line}\nnonsense`, /key 2 must be a line of four parts/],
    [text.slice(0, -1), /key 1 has a wrong or missing character/],
    [`${head}\n${line.replace('ed25519:a', 'ed25519:b')}`, /key 1 has a wrong or missing character/],
    [
      text.replace(
        secret,
        secret.replace(/^./, (first) => (first === '7' ? '8' : '7')),
      ),
      /wrong or missing character/,
    ],
    [`${head}\n${line}!`, /character that does not belong/],
  ]
  for (const [wrong, message] of cases) {
    const error = t.throws(() => readIdentity(wrong, {}), { message }) as Error
    t.notOk(error.message.includes(secret.slice(0, 11)))
  }
  t.end()
})

function idsOf(...keys: (LoadedKey | undefined)[]): string[] {
  return keys.map((key) => String(key?.keyId)).sort()
}

function signersOf(document: JsonObject): string[] {
  return Object.keys((document.signatures as Record<string, object>)[serverName] ?? {}).sort()
}

function verifiesItself(document: JsonObject): boolean {
  const keys = Object.entries(document.verify_keys as Record<string, { key: string }>)
  const imported = new Map(keys.map(([keyId, { key }]) => [keyId, importPublicKey(decodeBase64(key, 32))]))
  return verifyDocument(document, serverName, imported).verified
}
