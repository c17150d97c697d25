import fc from 'fast-check'
import t from 'tap'
import { FederationError } from '../errors.ts'
import {
  decodeServerNameSegment,
  defaultKeyId,
  encodeServerNameSegment,
  isKeyId,
  isServerName,
  parseServerName,
  splitServerName,
} from './index.ts'

t.test('a canonical server name is accepted as it is', (t) => {
  const names = [
    'https://manga.example.com/v1',
    'https://manga.example.com:8443/v1',
    'https://manga.example.com/federation/v1',
    'https://xn--wgv71a119e.jp/v1',
    'https://manga.example.com/~site/v1',
    'https://manga.example.com/%E6%BC%AB%E7%94%BB/v1',
    'https://192.0.2.7/v1',
    'https://[2001:db8::1]/v1',
    `https://manga.example.com/${'a'.repeat(226)}/v1`,
  ]
  for (const name of names) t.equal(parseServerName(name), name)
  t.equal(names.at(-1)?.length, 255, 'the longest allowed')
  t.end()
})

t.test('any other spelling is refused with the canonical one in the message', (t) => {
  const spellings: [string, string][] = [
    ['HTTPS://manga.example.com/v1', 'https://manga.example.com/v1'],
    ['https://Manga.Example.COM/v1', 'https://manga.example.com/v1'],
    ['https://manga.example.com:443/v1', 'https://manga.example.com/v1'],
    ['https://manga.example.com./v1', 'https://manga.example.com/v1'],
    ['https://manga.example.com/v1/', 'https://manga.example.com/v1'],
    ['https://manga.example.com/v1//', 'https://manga.example.com/v1'],
    ['https://manga.example.com/a/../v1', 'https://manga.example.com/v1'],
    ['https://manga.example.com/./v1', 'https://manga.example.com/v1'],
    ['https://manga.example.com/v1?x=1', 'https://manga.example.com/v1'],
    ['https://manga.example.com/v1?', 'https://manga.example.com/v1'],
    ['https://manga.example.com/v1#top', 'https://manga.example.com/v1'],
    ['https://user:secret@manga.example.com/v1', 'https://manga.example.com/v1'],
    ['https://日本語.jp/v1', 'https://xn--wgv71a119e.jp/v1'],
    ['https://manga.example.com/%7esite/v1', 'https://manga.example.com/~site/v1'],
    ['https://manga.example.com/%e6%bc%ab/v1', 'https://manga.example.com/%E6%BC%AB/v1'],
    ['https://2130706433/v1', 'https://127.0.0.1/v1'],
    [' https://manga.example.com/v1 ', 'https://manga.example.com/v1'],
    ['https://manga.example.com\\v1', 'https://manga.example.com/v1'],
  ]
  for (const [spelling, canonical] of spellings) {
    t.throws(() => parseServerName(spelling), { code: 'invalid_server_name', message: `write ${canonical}.` }, spelling)
    t.equal(isServerName(canonical), true)
  }
  t.end()
})

t.test('what cannot be a server name is refused with the reason', (t) => {
  const refusals: [string, RegExp][] = [
    ['', /not a URL/],
    ['manga.example.com', /not a URL/],
    ['ftp://manga.example.com/v1', /https:\/\//],
    ['http://manga.example.com/v1', /allowInsecure/],
    ['https://manga.example.com', /end in \/v1/],
    ['https://manga.example.com/v2', /end in \/v1/],
    ['https://manga.example.com/v1x', /end in \/v1/],
    ['https://manga.example.com//v1', /empty part/],
    ['https://manga.example.com/a%2Fb/v1', /forbidden character/],
    ['https://manga.example.com/a%2fb/v1', /forbidden character/],
    ['https://manga.example.com/a|b/v1', /forbidden character/],
    [`https://manga.example.com/${'a'.repeat(227)}/v1`, /256 characters long; 255/],
    [`https://manga.example.com/${'a'.repeat(100_000)}/v1`, /characters long/],
  ]
  for (const [text, reason] of refusals) {
    t.throws(() => parseServerName(text), { code: 'invalid_server_name', message: reason })
  }
  const error = t.throws(() => parseServerName('x'.repeat(1_000_000)))
  t.ok(error instanceof FederationError && error.message.length < 300, 'a hostile text is not repeated whole')
  t.end()
})

t.test('http is accepted only where the operator allows it', (t) => {
  t.equal(parseServerName('http://127.0.0.1:3000/v1', { allowInsecure: true }), 'http://127.0.0.1:3000/v1')
  t.throws(() => parseServerName('http://127.0.0.1:3000/v1'), { code: 'invalid_server_name' }, 'also when it was seen')
  t.throws(() => parseServerName('http://127.0.0.1:80/v1', { allowInsecure: true }), {
    message: 'write http://127.0.0.1/v1',
  })
  t.end()
})

t.test('a server name splits into the origin and the path of its API', (t) => {
  t.same(splitServerName('https://manga.example.com:8443/a/v1'), {
    origin: 'https://manga.example.com:8443',
    path: '/a/v1',
  })
  t.end()
})

t.test('a name at the end of a path is decoded exactly once, whatever the proxies in front did', (t) => {
  const name = 'https://manga.example.com/v1'
  const accepted: [string, string][] = [
    ['https%3A%2F%2Fmanga.example.com%2Fv1', name],
    ['https%3a%2f%2fmanga.example.com%2fv1', name],
    ['https://manga.example.com/v1', name],
    ['https:/manga.example.com/v1', name],
    ['https%3A%2Fmanga.example.com%2Fv1', name],
    ['https%3A//manga.example.com/v1', name],
    ['https:%2F%2Fmanga.example.com%2Fv1', name],
    ['https%3A%2F%2Fa.example%2F%25E6%25BC%25AB%2Fv1', 'https://a.example/%E6%BC%AB/v1'],
    ['https://a.example/%E6%BC%AB/v1', 'https://a.example/%E6%BC%AB/v1'],
  ]
  for (const [raw, expected] of accepted) t.equal(decodeServerNameSegment(raw), expected, raw)
  for (const raw of ['https%253A%252F%252Fmanga.example.com%252Fv1', '%', '%FF%FE', '', 'https%3A%2F%2F']) {
    t.throws(() => decodeServerNameSegment(raw), { code: 'invalid_server_name' }, raw)
  }
  t.end()
})

t.test('encoding a name as a segment and decoding it gives the name', (t) => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,8})$/)
  const part = fc.stringMatching(/^[A-Za-z0-9_~!$'()*+,;=:@-]{1,12}$/)
  const names = fc
    .record({ labels: fc.array(label, { minLength: 2, maxLength: 4 }), parts: fc.array(part, { maxLength: 3 }) })
    .map(({ labels, parts }) => `https://${labels.join('.')}/${[...parts, 'v1'].join('/')}`)
  fc.assert(fc.property(names, (name) => decodeServerNameSegment(encodeServerNameSegment(name)) === name))
  t.end()
})

t.test('key ids follow their grammar, case-sensitive', (t) => {
  for (const id of ['ed25519:1', 'ed25519:a_Z9', `ed25519:${'x'.repeat(64)}`]) t.equal(isKeyId(id), true, id)
  for (const id of [
    'ed25519:',
    'ed25519',
    'Ed25519:1',
    'ed25519:a-b',
    'ed25519:é',
    `ed25519:${'x'.repeat(65)}`,
    'ed25519:1\n',
    'rsa:1',
  ]) {
    t.equal(isKeyId(id), false, JSON.stringify(id))
  }
  t.equal(defaultKeyId(Uint8Array.of(0x0a, 0xff, 0, 1, 2, 3)), 'ed25519:0aff000102')
  t.end()
})
