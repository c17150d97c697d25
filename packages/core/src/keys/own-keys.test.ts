import t from 'tap'
import { importPublicKey } from '../crypto/index.ts'
import { decodeBase64, type JsonObject, parseStrict, verifyDocument } from '../json/index.ts'
import { isKeyId } from '../names/index.ts'
import { memoryStore, type Store } from '../store/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { loadOwnKeys, type OwnKeys } from './index.ts'

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
  return loadOwnKeys({ serverName, store: store.identity, seed, environment })
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
  t.equal(one?.current.publicKeyBase64, two?.current.publicKeyBase64)
  t.equal(later.current.publicKeyBase64, one?.current.publicKeyBase64)
  t.equal(later.current.keyId, one?.current.keyId)
  const other = await load(memoryStore())
  t.not(other.current.publicKeyBase64, later.current.publicKeyBase64, 'another store has another')
})

t.test('a seed given by the operator makes the key, and may be left out later', async (t) => {
  const store = memoryStore()
  const given = await load(store, { seed: SEED })
  t.equal((await load(memoryStore(), { seed: SEED })).current.publicKeyBase64, given.current.publicKeyBase64)
  t.equal((await load(store)).current.publicKeyBase64, given.current.publicKeyBase64)
  await t.rejects(load(store, { seed: new Uint8Array(32).fill(8) }), {
    code: 'identity_mismatch',
    message: /another key than the one stored .* Leave the seed out/,
  })
})

t.test('a start under another name stops and says what to do', async (t) => {
  const store = memoryStore()
  await load(store)
  const wrong = loadOwnKeys({
    serverName: 'https://other.example.com/v1',
    store: store.identity,
    seed: undefined,
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
