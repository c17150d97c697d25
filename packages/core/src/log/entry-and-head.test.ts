import t from 'tap'
import { encodeBase64, encodeCanonical, type JsonObject, type JsonValue, parseStrict } from '../json/index.ts'
import {
  type EntryHeader,
  HEAD_LIFETIME_MS,
  leafHash,
  makeEntry,
  MAX_HEAD_BYTES,
  MAX_HEADER_BYTES,
  readEntry,
  readHead,
  signHead,
  verifyHead,
} from './index.ts'
import { loadedKey, NOW_TS, publicKeys } from './test-log.ts'

const serverName = 'https://manga.example.com/v1'
const HASH = new Uint8Array(32).fill(7)
const HASH_TEXT = encodeBase64(HASH)
const MINUTE_MS = 60_000

const put: EntryHeader = {
  serverName,
  seq: 41,
  ts: NOW_TS,
  op: 'put',
  kind: 'chapter',
  id: 'c42',
  revision: 3,
  body: { sha256: HASH, size: 812 },
}

t.test('an entry is canonical JSON, and its leaf is these bytes', (t) => {
  const { bytes, header, ...entry } = makeEntry(put)
  const text =
    `{"body":{"sha256":"${HASH_TEXT}","size":812},"id":"c42","kind":"chapter","op":"put","revision":3,"seq":41,` +
    `"server":"https://manga.example.com/v1","ts":${NOW_TS},"v":1}`
  t.equal(new TextDecoder().decode(bytes), text)
  t.same(entry.leafHash, leafHash(new TextEncoder().encode(text)))
  t.same(header, put)
  t.same(bytes, encodeCanonical(parseStrict(bytes)))
  t.same(readEntry(parseStrict(bytes)), { bytes, header, leafHash: entry.leafHash }, 'and is read back')
  const gone: EntryHeader = { ...put, op: 'delete', body: undefined }
  t.same(readEntry(parseStrict(makeEntry(gone).bytes)).header, gone, 'a deletion has no body')
  t.end()
})

t.test('a padded hash is the same hash, and another leaf', (t) => {
  const json = parseStrict(makeEntry(put).bytes) as JsonObject
  const padded = readEntry({ ...json, body: { sha256: `${HASH_TEXT}=`, size: 812 } })
  t.same(padded.header, put)
  t.not(encodeBase64(padded.leafHash), encodeBase64(makeEntry(put).leafHash))
  t.end()
})

t.test('every field of an entry is checked', (t) => {
  const json = parseStrict(makeEntry(put).bytes) as JsonObject
  const body = json.body as JsonObject
  const wrong: readonly [field: string, values: readonly JsonValue[], message: RegExp][] = [
    ['v', [0, 2, '1', null], /v must be 1/],
    ['server', ['', 5, null], /server must be text/],
    ['seq', [-1, '41', null], /seq must be a whole number from 0 on/],
    ['ts', [-1, '0', null], /ts must be a whole number from 0 on/],
    ['op', ['update', null, 1], /op must be "put" or "delete"/],
    ['kind', ['page', null, 1], /kind must be "series" or "chapter"/],
    ['id', ['', 42, null], /id must be text/],
    ['revision', [0, -1, '1', null], /revision must be a whole number from 1 on/],
    ['body', ['', 1, []], /body must be an object or null/],
  ]
  for (const [field, values, message] of wrong) {
    for (const value of values) {
      t.throws(
        () => readEntry({ ...json, [field]: value }),
        { code: 'invalid_log_entry', message },
        `${field} ${JSON.stringify(value)}`,
      )
    }
    const { [field]: _left, ...without } = json
    t.throws(() => readEntry(without), { code: 'invalid_log_entry', message }, `no ${field}`)
  }
  const others: readonly [JsonValue, RegExp][] = [
    [[], /must be an object/],
    [null, /must be an object/],
    [{ ...json, body: { ...body, sha256: HASH_TEXT.slice(1) } }, /body\.sha256 must be base64 of 32 bytes/],
    [{ ...json, body: { ...body, sha256: `-${HASH_TEXT.slice(1)}` } }, /body\.sha256/],
    [{ ...json, body: { ...body, sha256: 5 } }, /body\.sha256/],
    [{ ...json, body: { ...body, size: 0 } }, /body\.size must be a whole number from 1 on/],
    [{ ...json, body: { ...body, more: 1 } }, /body\."more" is no field/],
    [{ ...json, body: null }, /body must be there with "put"/],
    [{ ...json, op: 'delete' }, /null with "delete"/],
    [{ ...json, more: 1 }, /"more" is no field/],
    [parseStrict(new TextEncoder().encode('{"__proto__":1}')), /v must be 1/],
  ]
  for (const [value, message] of others) t.throws(() => readEntry(value), { code: 'invalid_log_entry', message })
  t.throws(() => makeEntry({ ...put, body: undefined }), { code: 'invalid_log_entry' }, 'nor is a wrong one made')
  t.throws(() => makeEntry({ ...put, ts: 0.5 }), { code: 'invalid_log_entry', message: /ts must be a whole number/ })
  t.throws(() => makeEntry({ ...put, id: 'half \ud800' }), { code: 'invalid_json' })
  t.end()
})

t.test('an entry has 4 KiB at most', (t) => {
  const { length } = makeEntry({ ...put, id: 'x' }).bytes
  const longest = 'x'.repeat(MAX_HEADER_BYTES - length + 1)
  t.equal(makeEntry({ ...put, id: longest }).bytes.length, 4096)
  t.throws(() => makeEntry({ ...put, id: `${longest}x` }), { code: 'invalid_log_entry', message: /4097 bytes, 4096/ })
  t.end()
})

const keys = [loadedKey(1), loadedKey(2)]
const facts = { serverName, epoch: 1, size: 5, root: HASH, issuedTs: NOW_TS }
const trust = { keys: publicKeys(keys), nowTs: NOW_TS }

t.test('a head is signed by all keys given, for 7 days', (t) => {
  const head = signHead(facts, keys)
  t.match(head, { ...facts, validUntilTs: NOW_TS + 7 * 24 * 60 * MINUTE_MS })
  t.match(head.json, {
    type: 'fm.head.v1',
    server_name: serverName,
    epoch: 1,
    size: 5,
    root: HASH_TEXT,
    issued_ts: NOW_TS,
    valid_until_ts: NOW_TS + HEAD_LIFETIME_MS,
  })
  t.same(Object.keys((head.json.signatures as JsonObject)[serverName]!), ['ed25519:k1', 'ed25519:k2'])
  t.same(verifyHead({ ...head.json, unsigned: { age: 1 } }, serverName, trust), { verified: true, head })
  t.same(readHead(head.json), head)
  t.end()
})

t.test('every field of a head is checked', (t) => {
  const { json } = signHead(facts, keys)
  const wrong: readonly [field: string, values: readonly JsonValue[]][] = [
    ['type', ['fm.head.v2', null]],
    ['server_name', [null, 1]],
    ['epoch', [0, -1, '1']],
    ['size', [-1, '5', null]],
    ['root', [HASH_TEXT.slice(1), '', 5]],
    ['issued_ts', [-1, '0']],
    ['valid_until_ts', [NOW_TS, NOW_TS - 1, NOW_TS + HEAD_LIFETIME_MS + 1, '0']],
  ]
  for (const [field, values] of wrong) {
    const message = new RegExp(`${field} must be`)
    for (const value of values) {
      t.throws(
        () => readHead({ ...json, [field]: value }),
        { code: 'invalid_log_head', message },
        `${field} ${JSON.stringify(value)}`,
      )
    }
    const { [field]: _left, ...without } = json
    t.throws(() => readHead(without), { code: 'invalid_log_head', message }, `no ${field}`)
    t.match(verifyHead(without, serverName, trust), { verified: false, reason: 'bad_head', message })
  }
  for (const value of [undefined, null, [], 'head']) t.throws(() => readHead(value), { code: 'invalid_log_head' })
  t.throws(() => readHead({ ...json, more: 'x'.repeat(MAX_HEAD_BYTES) }), { message: /more than 16384 bytes/ })
  t.end()
})

t.test('a head is believed only from its server, and not from the future', (t) => {
  const { json } = signHead(facts, keys)
  const later = (ms: number): JsonObject => signHead({ ...facts, issuedTs: NOW_TS + ms }, keys).json
  const cases: readonly [name: string, head: JsonValue, reason: string | undefined][] = [
    ['10 minutes ahead', later(10 * MINUTE_MS), undefined],
    ['more than that', later(10 * MINUTE_MS + 1), 'future_head'],
    ['expired', later(-8 * 24 * 60 * MINUTE_MS), undefined],
    ['an altered field', { ...json, size: 6 }, 'bad_head'],
    ['a field of its own, unsigned', { ...json, more: 1 }, 'bad_head'],
    ['no signatures', { ...json, signatures: {} }, 'unsigned_head'],
    ['signed by a stranger', signHead(facts, [loadedKey(3)]).json, 'unsigned_head'],
    [
      'of another server',
      signHead({ ...facts, serverName: 'https://other.example.com/v1' }, keys).json,
      'wrong_server',
    ],
  ]
  for (const [name, head, reason] of cases) {
    const verdict = verifyHead(head, serverName, trust)
    t.equal(verdict.verified ? undefined : verdict.reason, reason, name)
  }
  t.end()
})
