import t from 'tap'
import { encodeCanonical, type JsonObject, signDocument } from '../json/index.ts'
import { parseKeyDocument, readKeyDocument } from './key-document.ts'
import { keyDocument, testKey } from './test-origin.ts'

const NAME = 'https://manga.example.com/v1'
const OTHER = 'https://other.example.com/v1'
const UNTIL = 1_800_000_000_000
const [one, two] = [testKey(1), testKey(2)]

function accepted(document: JsonObject): string[] {
  return [...readKeyDocument(document, NAME).verifyKeys.keys()]
}

t.test('a document is accepted with its usable keys and every field as received', (t) => {
  const old = { [two.keyId]: { key: two.base64, expired_ts: 5 } }
  const document = keyDocument(NAME, UNTIL, [one], { old, extra: { software: { any: [1] } } })
  const read = parseKeyDocument(encodeCanonical(document), NAME)
  t.same([...read.verifyKeys.keys()], [one.keyId])
  t.equal(read.oldVerifyKeys.get(two.keyId)?.expiredTs, 5)
  t.equal(read.validUntilTs, UNTIL)
  t.same(read.json, document)
  const { old_verify_keys: _old, ...without } = keyDocument(NAME, UNTIL, [])
  t.same(
    accepted(
      signDocument({ ...without, verify_keys: { [one.keyId]: { key: one.base64 } } }, NAME, one.keyId, one.signingKey),
    ),
    [one.keyId],
    'old_verify_keys may be missing',
  )
  t.end()
})

t.test('K7 a document of another server is refused, and other fields that are missing', (t) => {
  const { valid_until_ts: _until, ...timeless } = keyDocument(NAME, UNTIL, [one])
  const { verify_keys: _keys, ...keyless } = keyDocument(NAME, UNTIL, [one])
  const cases: [JsonObject, RegExp][] = [
    [keyDocument(OTHER, UNTIL, [one]), /server_name is another one/],
    [{}, /server_name is another one/],
    [timeless, /valid_until_ts is missing/],
    [keyDocument(NAME, -1, [one]), /valid_until_ts is missing/],
    [keyless, /verify_keys is missing/],
    [keyDocument(NAME, UNTIL, [one], { extra: { old_verify_keys: [] } }), /old_verify_keys is not an object/],
    [
      keyDocument(
        NAME,
        UNTIL,
        Array.from({ length: 101 }, (_, index) => testKey(index + 1)),
        { signers: [one] },
      ),
      /more than 100 keys/,
    ],
  ]
  for (const [document, message] of cases)
    t.throws(() => readKeyDocument(document, NAME), { code: 'invalid_key_document', message })
  t.throws(() => parseKeyDocument(new TextEncoder().encode('{"a":1,"a":1}'), NAME), { code: 'invalid_json' })
  t.throws(() => readKeyDocument([], NAME), { code: 'invalid_key_document' })
  t.end()
})

t.test('K8 without a good signature of its own keys a document is refused', (t) => {
  const good = keyDocument(NAME, UNTIL, [one])
  const cases: [string, JsonObject][] = [
    ['no signature', { ...good, signatures: {} }],
    ['no signatures at all', Object.fromEntries(Object.entries(good).filter(([name]) => name !== 'signatures'))],
    ['a foreign signature', keyDocument(NAME, UNTIL, [one], { signers: [two] })],
    ['a signature under another name', signDocument({ ...good, signatures: {} }, OTHER, one.keyId, one.signingKey)],
    [
      'only an old key’s',
      keyDocument(NAME, UNTIL, [one], { old: { [two.keyId]: { key: two.base64, expired_ts: 5 } }, signers: [two] }),
    ],
    [
      'one good and one bad',
      {
        ...keyDocument(NAME, UNTIL, [one, two], { signers: [one] }),
        signatures: {
          [NAME]: {
            ...(keyDocument(NAME, UNTIL, [one, two], { signers: [one] }).signatures as Record<string, JsonObject>)[
              NAME
            ],
            [two.keyId]: 'AAAA',
          },
        },
      },
    ],
    ['altered afterwards', { ...good, valid_until_ts: UNTIL + 1 }],
  ]
  for (const [what, document] of cases)
    t.throws(() => readKeyDocument(document, NAME), { code: 'invalid_key_document' }, what)
  t.end()
})

t.test('K9 one id with two different keys refuses the document; the same key in both maps is old', (t) => {
  const differing = keyDocument(NAME, UNTIL, [one, two], {
    old: { [one.keyId]: { key: two.base64, expired_ts: 5 } },
    signers: [two],
  })
  t.throws(() => readKeyDocument(differing, NAME), { message: /ed25519:k1 has two different keys/ })
  const both = keyDocument(NAME, UNTIL, [one, two], { old: { [one.keyId]: { key: one.base64, expired_ts: 5 } } })
  t.same(accepted(both), [two.keyId])
  t.end()
})

t.test('K6 K10 K11 malformed ids, unknown algorithms and unusable keys are passed over', (t) => {
  const unusable: JsonObject = {
    'ed25519:small': { key: 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
    'ed25519:noncanonical': { key: '7v///////////////////////////////////////38' },
    'ed25519:short': { key: one.base64.slice(0, 42) },
    'ed25519:long': { key: `${one.base64.slice(0, 42)}AAAA` },
    'ed25519:nobase64': { key: '!!!' },
    'ed25519:notext': { key: 5 },
    'ed25519:noobject': 'x',
    'ed25519:bad-id': { key: two.base64 },
    [`ed25519:${'x'.repeat(65)}`]: { key: two.base64 },
    'Ed25519:case': { key: two.base64 },
    'rsa:1': { key: two.base64 },
  }
  const document = keyDocument(NAME, UNTIL, [one], {
    extra: { verify_keys: { ...unusable, [one.keyId]: { key: one.base64 } } },
  })
  t.same(accepted(document), [one.keyId])
  const signedByUnknown = signDocument(document, NAME, 'ed25519:unknown', two.signingKey)
  t.same(accepted(signedByUnknown), [one.keyId], 'a signature by an unknown id is passed over')
  t.throws(() => readKeyDocument(keyDocument(NAME, UNTIL, [one], { extra: { verify_keys: unusable } }), NAME), {
    code: 'invalid_key_document',
  })
  t.end()
})
