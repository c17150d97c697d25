import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { importPublicKey, importSigningKey, type PublicKey, type SigningKey } from '../crypto/index.ts'
import { RFC_8032_VECTORS } from '../crypto/test-rfc8032.ts'
import { readShared } from '../crypto/test-shared.ts'
import {
  decodeBase64,
  encodeBase64,
  type JsonObject,
  signDocument,
  signedBytes,
  signObject,
  type SignatureVerdict,
  verifyDocument,
  verifyObject,
} from './index.ts'

const SERVER = 'https://manga.example.com/v1'
const OTHER = 'https://other.example.com/v1'

const [ALICE, BOB] = RFC_8032_VECTORS.map(({ seed }) => importSigningKey(Buffer.from(seed, 'hex'))) as [
  SigningKey,
  SigningKey,
]
const known = (keys: Record<string, SigningKey>): ReadonlyMap<string, PublicKey> =>
  new Map(Object.entries(keys).map(([id, { publicKey }]) => [id, importPublicKey(publicKey)]))
const KEYS = known({ 'ed25519:a': ALICE, 'ed25519:b': BOB })

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const reason = (verdict: SignatureVerdict): string => (verdict.verified ? verdict.good.join() : verdict.reason)

/** A document with these signatures of `SERVER`. */
const withSignatures = (document: JsonObject, signatures: JsonObject): JsonObject => ({
  ...document,
  signatures: { [SERVER]: signatures },
})

interface SigningVectors {
  readonly seed_base64: string
  readonly seed_hex: string
  readonly public_key: string
  readonly entity: string
  readonly key_id: string
  readonly cases: readonly { readonly object: JsonObject; readonly signature: string }[]
}
const vectors = readShared('vectors/json-signing.json') as SigningVectors | undefined

void t.test('base64', (t) => {
  const cases: [string, number[]][] = [
    ['', []],
    ['AA', [0]],
    ['/+8', [0xff, 0xef]],
    ['AQID', [1, 2, 3]],
    ['AQIDBA', [1, 2, 3, 4]],
  ]
  for (const [encoded, bytes] of cases) {
    t.equal(encodeBase64(Uint8Array.from(bytes)), encoded)
    t.same(decodeBase64(encoded), Uint8Array.from(bytes), 'without padding')
    t.same(decodeBase64(encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')), Uint8Array.from(bytes), 'with padding')
  }
  t.same(decodeBase64('AB'), Uint8Array.of(0), 'bits that belong to no byte are ignored')
  const refused = [
    'A',
    'AAAAA',
    'A===',
    'AA=',
    'AAA==',
    'AAAA=',
    'AAAA==',
    '=',
    '==',
    '====',
    'A=A=',
    'AA AA',
    'AA\n',
    'A-_A',
    'A€',
  ]
  for (const wrong of refused) t.throws(() => decodeBase64(wrong), { code: 'invalid_base64' }, JSON.stringify(wrong))
  t.throws(() => decodeBase64('AQID', 4), { code: 'invalid_base64', message: /4 bytes are expected, these are 3/ })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const encoded = encodeBase64(bytes)
      assert.equal(encoded, Buffer.from(bytes).toString('base64').replaceAll('=', ''))
      assert.deepEqual(decodeBase64(encoded, bytes.length), bytes)
    }),
  )
  t.pass('both ways, always')
  t.end()
})

void t.test('signs the canonical form without the top-level signatures and unsigned', (t) => {
  const document = { b: { signatures: 1, unsigned: 2 }, a: 1, signatures: {}, unsigned: { c: 3 }, z: 9 }
  t.equal(text(signedBytes(document)), '{"a":1,"b":{"signatures":1,"unsigned":2},"z":9}')
  t.equal(text(signedBytes({})), '{}')
  t.equal(text(signedBytes({ signatures: {} })), '{}')
  const signed = signDocument(document, SERVER, 'ed25519:a', ALICE)
  t.notOk('unsigned' in signed, 'unsigned is never emitted')
  t.same(document.signatures, {}, 'what was given is not changed')
  t.same(signed['signatures'], { [SERVER]: { 'ed25519:a': encodeBase64(ALICE.sign(signedBytes(document))) } })
  t.end()
})

void t.test('adds to the signatures that are there', (t) => {
  const once = signDocument({ a: 1 }, SERVER, 'ed25519:a', ALICE)
  const twice = signDocument(once, SERVER, 'ed25519:b', BOB)
  const witnessed = signDocument(twice, OTHER, 'ed25519:b', BOB)
  t.equal(reason(verifyDocument(witnessed, SERVER, KEYS)), 'ed25519:a,ed25519:b')
  t.equal(reason(verifyDocument(witnessed, OTHER, KEYS)), 'ed25519:b')
  const object = signObject(signObject({ a: 1 }, 'ed25519:a', ALICE), 'ed25519:b', BOB)
  t.equal(reason(verifyObject(object, KEYS)), 'ed25519:a,ed25519:b')
  t.end()
})

void t.test('refuses to sign what cannot be signed well', (t) => {
  t.throws(() => signDocument({ signatures: 1 }, SERVER, 'ed25519:a', ALICE), { code: 'invalid_signature' })
  t.throws(() => signDocument({ signatures: { [SERVER]: [] } }, SERVER, 'ed25519:a', ALICE), {
    code: 'invalid_signature',
  })
  t.throws(() => signObject({}, 'ed25519:', ALICE), { code: 'invalid_key_id' })
  t.throws(() => signObject({ a: 1.5 }, 'ed25519:a', ALICE), { code: 'invalid_json', message: /^a is 1\.5/ })
  t.end()
})

void t.test('verdicts on a document of one server', (t) => {
  const document: JsonObject = { a: 1 }
  const good = encodeBase64(ALICE.sign(signedBytes(document)))
  const others = (count: number): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`ed25519:other${index}`, good]))
  const servers = (count: number): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${OTHER}${index}`, others(16)]))
  const cases: [string, JsonObject, string][] = [
    ['one good signature', { 'ed25519:a': good }, 'ed25519:a'],
    ['padded', { 'ed25519:a': `${good}==` }, 'ed25519:a'],
    [
      'unknown algorithms and ids, malformed ids passed over',
      { 'x:a': 1, 'ed25519:c': 'bad', 'ed25519:-': '', a: good, 'ed25519:a': good },
      'ed25519:a',
    ],
    ['only an unknown id', { 'ed25519:c': good }, 'unsigned'],
    ['nothing', {}, 'unsigned'],
    ['a good and a bad one', { 'ed25519:a': good, 'ed25519:b': good }, 'bad_signature'],
    ['no text', { 'ed25519:a': good, 'ed25519:b': null }, 'bad_signature'],
    ['no base64', { 'ed25519:a': 'not base64' }, 'bad_signature'],
    ['63 bytes', { 'ed25519:a': good.slice(0, 84) }, 'bad_signature'],
    ['the alphabet of URLs', { 'ed25519:a': `-${good.slice(1)}` }, 'bad_signature'],
    ['16 signatures', { 'ed25519:a': good, ...others(15) }, 'ed25519:a'],
    ['17 signatures', { 'ed25519:a': good, ...others(16) }, 'too_many_signatures'],
  ]
  for (const [name, signatures, expected] of cases) {
    t.equal(reason(verifyDocument(withSignatures(document, signatures), SERVER, KEYS)), expected, `document: ${name}`)
    t.equal(reason(verifyObject({ ...document, signatures }, KEYS)), expected, `object: ${name}`)
  }
  const alone = { 'ed25519:a': good }
  const all = (signatures: JsonObject): string => reason(verifyDocument({ ...document, signatures }, SERVER, KEYS))
  t.equal(all({ [SERVER]: { ...alone, ...others(15) }, ...servers(3) }), 'ed25519:a', '64 in all')
  t.equal(all({ [SERVER]: alone, ...servers(4) }), 'too_many_signatures', '65 in all')
  t.equal(all({ [SERVER]: alone, [OTHER]: 1 }), 'ed25519:a', 'what others wrote is not looked at')
  t.equal(all({ [OTHER]: alone }), 'unsigned', 'only another server signed')
  t.equal(all({ [SERVER]: [good] }), 'unsigned', 'no map')
  t.equal(reason(verifyDocument({ ...document, signatures: [] }, SERVER, KEYS)), 'unsigned', 'no map of maps')
  t.equal(reason(verifyDocument({ signatures: {} }, 'constructor', KEYS)), 'unsigned', 'inherited names are not found')
  t.equal(all({ [SERVER]: alone, unsigned: alone }), 'ed25519:a')
  t.equal(reason(verifyDocument(withSignatures({ a: 2 }, alone), SERVER, KEYS)), 'bad_signature', 'altered')
  t.equal(
    reason(verifyDocument({ ...withSignatures(document, alone), unsigned: { any: 1 } }, SERVER, KEYS)),
    'ed25519:a',
    'unsigned is not covered',
  )
  t.end()
})

void t.test('every vector of signed JSON', { skip: vectors ? false : '../shared/vectors is not there' }, (t) => {
  const { seed_base64, seed_hex, public_key, entity, key_id, cases } = vectors!
  const seed = decodeBase64(seed_base64, 32)
  t.same(seed, new Uint8Array(Buffer.from(seed_hex, 'hex')), 'the seed, whose text has trailing bits')
  const key = importSigningKey(seed)
  t.equal(encodeBase64(key.publicKey), public_key)
  for (const { object, signature } of cases) {
    const signed = signDocument(object, entity, key_id, key)
    t.same(signed['signatures'], { [entity]: { [key_id]: signature } }, JSON.stringify(object))
    t.ok(verifyDocument(signed, entity, known({ [key_id]: key })).verified)
  }
  t.end()
})
