import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createSigner, httpbis } from 'http-message-signatures'
import { isInnerList, parseDictionary } from 'structured-headers'
import t, { type Test } from 'tap'
import { importPublicKey, importSigningKey, type PublicKey, verifySignature } from '../crypto/index.ts'
import type { FederationErrorCode } from '../errors.ts'
import { decodeBase64 } from '../json/index.ts'
import { type RequestToSign, signRequest } from './sign-request.ts'
import { signatureBase } from './signature-base.ts'
import type { RequestSender } from './signature-parameters.ts'
import { type ReceivedRequest, type RequestTrust, verifyRequest } from './verify-request.ts'

const SENDER = 'https://sender.example/v1'
const RECEIVER = 'https://receiver.example/v1'
const KEY_ID = 'ed25519:current'
const TARGET = `${RECEIVER}/federation/send/1?x=%2F`
const CREATED_S = 1_800_000_000
const NOW = CREATED_S * 1000

const key = importSigningKey(new Uint8Array(32).fill(1))
const otherKey = importSigningKey(new Uint8Array(32).fill(2))
const bytes = new TextEncoder().encode('{"hello": "world"}')

/** A request as the receiver gets it when nothing happens to it on the way. */
function received(changes: Partial<RequestToSign> = {}): ReceivedRequest {
  const body = 'body' in changes ? changes.body : { bytes, contentType: 'application/json' }
  const request = { method: 'PUT', targetUri: TARGET, senderName: SENDER, keyId: KEY_ID, key, now: NOW } as const
  const headers = signRequest({ ...request, ...changes, body })
  return {
    request: { method: changes.method ?? 'PUT', headers },
    body: body?.bytes ?? new Uint8Array(),
    targetUri: TARGET,
  }
}

/** The same request with other headers; undefined takes one away. */
function withHeaders(from: ReceivedRequest, changes: Record<string, string | string[] | undefined>): ReceivedRequest {
  return { ...from, request: { ...from.request, headers: { ...from.request.headers, ...changes } } }
}

/** The same request with its `signature-input` rewritten. */
function withInput(from: ReceivedRequest, rewrite: (input: string) => string): ReceivedRequest {
  return withHeaders(from, { 'signature-input': rewrite(String(from.request.headers['signature-input'])) })
}

/** A receiver that knows the sender's key and has seen no request yet. */
function trust(changes: Partial<RequestTrust> = {}): RequestTrust & { nonces: Map<string, number> } {
  const nonces = new Map<string, number>()
  return {
    now: NOW,
    nonces,
    currentKey: async ({ serverName, keyId }: RequestSender): Promise<PublicKey | undefined> =>
      serverName === SENDER && keyId === KEY_ID ? importPublicKey(key.publicKey) : undefined,
    async useNonce(nonce, expiresTs) {
      if (nonces.has(nonce)) return false
      nonces.set(nonce, expiresTs)
      return true
    },
    ...changes,
  }
}

/** Refused with this code as a 401, and no nonce is used up. */
async function refused(
  t: Test,
  request: ReceivedRequest,
  reason: RegExp,
  code: FederationErrorCode = 'invalid_request_signature',
  receiver: ReturnType<typeof trust> = trust(),
): Promise<void> {
  const used = receiver.nonces.size
  await t.rejects(verifyRequest(request, receiver), { name: 'FederationError', code, status: 401, message: reason })
  t.equal(receiver.nonces.size, used)
}

t.test("RFC 9421's Ed25519 example (B.2.6): the same base byte for byte, and the same signature", (t) => {
  const inputHeader =
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
  const expectedBase = [
    '"date": Tue, 20 Apr 2021 02:07:55 GMT',
    '"@method": POST',
    '"@path": /foo',
    '"@authority": example.com',
    '"content-type": application/json',
    '"content-length": 18',
    '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  ].join('\n')
  const values = new Map([
    ['@authority', 'example.com'],
    ['@method', 'POST'],
    ['@path', '/foo'],
    ['content-length', '18'],
    ['content-type', 'application/json'],
    ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
  ])
  const input = parseDictionary(inputHeader).get('sig-b26')
  if (input === undefined || !isInnerList(input)) throw new Error('not a list')
  const base = signatureBase(input, values) ?? new Uint8Array()
  t.equal(new TextDecoder().decode(base), expectedBase)

  const signature = decodeBase64(
    'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
  )
  const signingKey = importSigningKey(decodeBase64('n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU'))
  t.same(signingKey.publicKey, decodeBase64('JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs'))
  t.equal(verifySignature(importPublicKey(signingKey.publicKey), base, signature), true)
  t.same(signingKey.sign(base), signature)
  t.end()
})

t.test('a line end in a component never reaches the base', (t) => {
  const input = parseDictionary('fm=("content-type")').get('fm')
  if (input === undefined || !isInnerList(input)) throw new Error('not a list')
  for (const value of ['text/plain\n"@method": GET', 'text/plain\r', 'text/plain; name=é', '\0']) {
    t.equal(signatureBase(input, new Map([['content-type', value]])), undefined, JSON.stringify(value))
  }
  t.end()
})

t.test('what is signed has the exact headers of the profile', (t) => {
  const { headers } = received({ nonce: 'abc', body: { bytes, contentType: 'application/json' } }).request
  const digest = createHash('sha256').update(bytes).digest('base64')
  t.match(headers, {
    'content-type': 'application/json',
    'content-digest': `sha-256=:${digest}:`,
    'signature-input':
      'fm=("@method" "@target-uri" "content-digest" "content-type");created=1800000000;expires=1800000300' +
      `;nonce="abc";keyid="${SENDER}#${KEY_ID}";alg="ed25519";tag="federated-manga"`,
    signature: /^fm=:[A-Za-z0-9+/]{86}==:$/,
  })
  const bare = received({ method: 'DELETE', body: undefined, now: NOW + 999 }).request.headers
  t.same(Object.keys(bare), ['signature-input', 'signature'])
  t.match(bare['signature-input'], /^fm=\("@method" "@target-uri"\);created=1800000000;.*;nonce="[A-Za-z0-9+/]{22}";/)
  t.not(bare['signature-input'], received({ body: undefined }).request.headers['signature-input'], 'a new nonce each')
  t.end()
})

t.test('a URL in another spelling than the one that is sent cannot be signed', (t) => {
  for (const targetUri of [
    `${TARGET}#x`,
    'https://RECEIVER.example/v1',
    'https://receiver.example:443/v1',
    'https://a/v1/é',
  ]) {
    t.throws(() => received({ targetUri }), { code: 'internal' }, targetUri)
  }
  t.throws(() => received({ body: { bytes, contentType: 'text/plain\n' } }), { code: 'internal' })
  t.end()
})

t.test('a signed request tells who sent it, with a body and without', async (t) => {
  t.equal(await verifyRequest(received(), trust()), SENDER)
  const empty = new Uint8Array()
  for (const body of [undefined, { bytes: empty, contentType: 'application/json' }]) {
    t.equal(await verifyRequest(received({ method: 'DELETE', body }), trust()), SENDER)
  }
})

t.test('signatures under other labels, headers in several lines and other spellings are fine', async (t) => {
  const request = received()
  const input = String(request.request.headers['signature-input'])
  const signature = String(request.request.headers['signature'])
  const spellings: Record<string, string | string[]>[] = [
    { 'signature-input': `proxy=("@authority");alg="x", ${input}`, signature: `proxy=:AAAA:,\t${signature}` },
    { 'signature-input': ['fmx=("@method")', input], signature: [signature, 'fmx=:AAAA:'] },
    { 'signature-input': `a=("x");nonce=", fm=(", ${input}`, signature: `${signature}, a=:AAAA:` },
    { 'signature-input': `  ${input.replaceAll(';', '; ').replace('("', '(  "')} `, signature },
    { 'content-type': ' application/json ' },
  ]
  for (const headers of spellings) t.equal(await verifyRequest(withHeaders(request, headers), trust()), SENDER)
})

t.test('wrong destination: a request signed for another server is refused', async (t) => {
  await refused(t, received({ targetUri: TARGET.replace('receiver', 'another') }), /does not fit/)
  await refused(t, { ...received(), targetUri: TARGET.replace('https', 'http') }, /does not fit/)
})

t.test('changed method, path, query, content type or body is refused', async (t) => {
  const request = received()
  await refused(t, { ...request, request: { ...request.request, method: 'POST' } }, /does not fit/)
  await refused(t, { ...request, targetUri: TARGET.replace('send/1', 'send/2') }, /does not fit/)
  await refused(t, { ...request, targetUri: TARGET.replace('%2F', '%2f') }, /does not fit/)
  await refused(t, { ...request, targetUri: TARGET.replace('?x=%2F', '') }, /does not fit/)
  await refused(t, withHeaders(request, { 'content-type': 'text/plain' }), /does not fit/)
  const changed = new TextEncoder().encode('{"hello": "w0rld"}')
  await refused(t, { ...request, body: changed }, /fits the body/)
  const digest = `sha-256=:${createHash('sha256').update(changed).digest('base64')}:`
  await refused(t, withHeaders({ ...request, body: changed }, { 'content-digest': digest }), /does not fit/)
})

t.test('a body taken away, or added where there was none, is refused', async (t) => {
  await refused(t, { ...received(), body: new Uint8Array() }, /does not cover exactly .* there is no body/)
  await refused(t, { ...received({ body: undefined }), body: bytes }, /does not cover exactly .*content-digest/)
})

t.test('a digest beside ours is fine, one in its place is not', async (t) => {
  const sha512 = createHash('sha512').update(bytes).digest('base64')
  await refused(t, withHeaders(received(), { 'content-digest': `sha-512=:${sha512}:` }), /no sha-256 that fits/)
  const sha256 = createHash('sha256').update(bytes).digest()
  for (const other of [sha256.subarray(0, 31), Buffer.concat([sha256, Buffer.of(0)])]) {
    const digest = `sha-256=:${other.toString('base64')}:`
    await refused(t, withHeaders(received(), { 'content-digest': digest }), /no sha-256 that fits/)
  }
  // The header itself is signed, so this gets past the digest and no further.
  const both = `sha-512=:${sha512}:, sha-256=:${sha256.toString('base64')}:`
  await refused(t, withHeaders(received(), { 'content-digest': both }), /does not fit what was received/)
  for (const digest of [undefined, '', 'sha-256', 'sha-256=:AAAA:', 'sha-256="x"', 'sha-256=(:AAAA:)', '=']) {
    await refused(t, withHeaders(received(), { 'content-digest': digest }), /content-digest/)
  }
})

t.test('a replayed request is refused, and for as long as it would be accepted', async (t) => {
  const receiver = trust()
  const request = received({ nonce: 'once' })
  await verifyRequest(request, receiver)
  t.same([...receiver.nonces], [[`${SENDER}#${KEY_ID} once`, NOW + 300_001]])
  await refused(t, request, /received before/, 'replayed_request', receiver)
  await refused(t, received({ nonce: 'once', method: 'POST' }), /received before/, 'replayed_request', receiver)
  t.equal(await verifyRequest(received(), receiver), SENDER, 'another nonce')
})

t.test('a request whose signature is bad uses up no nonce', async (t) => {
  const receiver = trust()
  await refused(t, received({ key: otherKey, nonce: 'once' }), /does not fit/, undefined, receiver)
  t.equal(await verifyRequest(received({ nonce: 'once' }), receiver), SENDER)
})

t.test('a stale request is refused: 300 s to either side are good, 1 ms more is not', async (t) => {
  const late = withInput(received(), (input) => input.replace(/expires=\d+/, 'expires=1900000000'))
  await refused(t, late, /more than 300 s/, 'stale_request', trust({ now: NOW + 300_001 }))
  await refused(t, late, /does not fit/, undefined, { ...trust(), now: NOW + 300_000 })
  await refused(t, received(), /more than 300 s/, 'stale_request', { ...trust(), now: NOW - 300_001 })
  for (const now of [NOW - 300_000, NOW, NOW + 300_000])
    t.equal(await verifyRequest(received(), trust({ now })), SENDER)
})

t.test('an expired request is refused: its last second counts, 1 ms more does not', async (t) => {
  const request = externallySigned({ expires: new Date(NOW + 10_000) })
  const receiver = trust({ now: NOW + 10_000 })
  t.equal(await verifyRequest(await request, receiver), SENDER)
  t.same([...receiver.nonces.values()], [NOW + 10_001], 'a nonce is remembered no longer than it must')
  await refused(t, await request, /expired/, 'stale_request', { ...trust(), now: NOW + 10_001 })
})

t.test('a key that was rotated out is refused', async (t) => {
  await refused(t, received({ keyId: 'ed25519:old' }), /ed25519:old is not among the current keys/)
  const rotated = { ...trust(), currentKey: async () => importPublicKey(otherKey.publicKey) }
  await refused(t, received(), /does not fit/, undefined, rotated)
})

t.test('a key of another server is refused', async (t) => {
  await refused(
    t,
    received({ senderName: 'https://another.example/v1' }),
    /not among the current keys of https:\/\/another/,
  )
  await refused(t, received({ key: otherKey }), /does not fit/)
})

t.test('nothing that a stranger can say for free makes the receiver fetch a key', async (t) => {
  const fetched: RequestSender[] = []
  const receiver = { ...trust(), currentKey: async (sender: RequestSender) => void fetched.push(sender) }
  await refused(t, { ...received(), body: new TextEncoder().encode('x') }, /fits the body/, undefined, receiver)
  await refused(t, received(), /300 s/, 'stale_request', { ...receiver, now: NOW * 2 })
  await refused(t, received({ senderName: 'https://SENDER.example/v1' }), /canonical/, undefined, receiver)
  t.same(fetched, [])
})

t.test('what the look-up of a key throws is thrown on', async (t) => {
  const error = new Error('too many')
  await t.rejects(verifyRequest(received(), trust({ currentKey: () => Promise.reject(error) })), error)
})

t.test('http server names are accepted with allowInsecure only', async (t) => {
  const senderName = 'http://127.0.0.1:3000/v1'
  const currentKey = async (): Promise<PublicKey> => importPublicKey(key.publicKey)
  t.equal(await verifyRequest(received({ senderName }), trust({ currentKey, allowInsecure: true })), senderName)
  await refused(t, received({ senderName }), /canonical server name/)
})

t.test('a request without our signature is told to sign', async (t) => {
  const none = { 'signature-input': undefined, signature: undefined }
  await refused(t, withHeaders(received(), none), /must be signed .* label fm/, 'missing_request_signature')
  const foreign = { 'signature-input': 'sig1=("@method")', signature: 'sig1=:AAAA:' }
  await refused(t, withHeaders(received(), foreign), /must be signed/, 'missing_request_signature')
  await refused(t, withHeaders(received(), { signature: undefined }), /signature has no fm/)
  await refused(t, withHeaders(received(), { 'signature-input': undefined }), /signature-input has no fm/)
})

t.test('two signatures with our label are refused, equal or not', async (t) => {
  const request = received()
  const input = String(request.request.headers['signature-input'])
  const signature = String(request.request.headers['signature'])
  const more: Record<string, string | string[]>[] = [
    { 'signature-input': `${input}, ${input}` },
    { 'signature-input': `fm, ${input}` },
    { 'signature-input': `fm;x=1\t,\t${input}` },
    { 'signature-input': `x="\\", fm=", fm=1, ${input}` },
    { signature: [signature, signature] },
    { signature: `fm=:AAAA:,${signature}` },
  ]
  for (const headers of more) await refused(t, withHeaders(request, headers), /more than one fm/)
})

t.test('header grammar: what RFC 8941 does not allow is refused', async (t) => {
  const request = received()
  const inputs = [
    'fm',
    'fm=',
    'fm=1',
    'fm="x"',
    'fm=(',
    'fm=("@method"',
    'fm=("@method""@target-uri")',
    'FM=("@method")',
    'fm=("@method"),',
    ',fm=()',
    'fm=("@method") x',
    'fm=("é")',
    'fm=("@method");=1',
    'fm=("a\\b")',
    'fm=()',
    'fm=(1)',
  ]
  for (const input of inputs) await refused(t, withHeaders(request, { 'signature-input': input }), /refused/)
  const signatures = [
    'fm',
    'fm=',
    'fm=:',
    'fm=:A',
    'fm=:*:',
    'fm=::',
    'fm=:AAAA:',
    'fm="x"',
    'fm=1',
    'fm=(:AAAA:)',
    '=',
    'fm=:é:',
  ]
  for (const signature of signatures) await refused(t, withHeaders(request, { signature }), /refused/)
})

t.test('a header over 8 KiB is refused unread', async (t) => {
  for (const name of ['signature-input', 'signature', 'content-digest', 'content-type']) {
    const long = `a="${'x'.repeat(8 * 1024)}", ${String(received().request.headers[name])}`
    await refused(t, withHeaders(received(), { [name]: long }), new RegExp(`${name} is longer than 8192`))
  }
})

/** What each change makes of a request that is signed anew after it, so that only the profile is at fault. */
const OUTSIDE_THE_PROFILE: readonly [string, ExternalSignature, RegExp][] = [
  ['other tag', { tag: 'web-bot-auth' }, /tag is not "federated-manga"/],
  ['no tag', { params: ['created', 'expires', 'nonce', 'keyid', 'alg'] }, /tag is not/],
  ['other algorithm', { alg: 'rsa-pss-sha512' }, /alg is not "ed25519"/],
  ['no algorithm', { params: ['created', 'expires', 'nonce', 'keyid', 'tag'] }, /alg is not/],
  ['no nonce', { params: ['created', 'expires', 'keyid', 'alg', 'tag'] }, /nonce is not/],
  ['a nonce that is too long', { nonce: 'x'.repeat(129) }, /nonce is not a text of 1 to 128/],
  ['no creation time', { params: ['expires', 'nonce', 'keyid', 'alg', 'tag'] }, /created is not in whole seconds/],
  ['no expiry', { params: ['created', 'nonce', 'keyid', 'alg', 'tag'] }, /expires is not in whole seconds/],
  ['no key id', { params: ['created', 'expires', 'nonce', 'alg', 'tag'] }, /keyid is not a server name/],
  ['a key id without a server', { keyid: KEY_ID }, /keyid is not a server name/],
  ['a key id with two fragments', { keyid: `${SENDER}#${KEY_ID}#x` }, /keyid is not a server name/],
  ['a server name that is not canonical', { keyid: `${SENDER}/#${KEY_ID}` }, /canonical server name/],
  ['a malformed key id', { keyid: `${SENDER}#rsa:1` }, /key id such as/],
  ['method missing', { fields: ['@target-uri', 'content-digest', 'content-type'] }, /does not cover exactly/],
  ['target missing', { fields: ['@method', 'content-digest', 'content-type'] }, /does not cover exactly/],
  [
    'path instead of target',
    { fields: ['@method', '@path', 'content-digest', 'content-type'] },
    /does not cover exactly/,
  ],
  ['digest missing', { fields: ['@method', '@target-uri', 'content-type'] }, /does not cover exactly/],
  ['content type missing', { fields: ['@method', '@target-uri', 'content-digest'] }, /does not cover exactly/],
  [
    'a component twice',
    { fields: ['@method', '@method', '@target-uri', 'content-digest', 'content-type'] },
    /does not cover exactly/,
  ],
  [
    'a component with a parameter',
    { fields: ['@method', '@target-uri', '"content-digest";key="sha-256"', 'content-type'] },
    /does not cover exactly/,
  ],
  [
    'a component more',
    { fields: ['@method', '@target-uri', 'content-digest', 'content-type', '@authority'] },
    /does not cover exactly/,
  ],
]

for (const [name, change, reason] of OUTSIDE_THE_PROFILE) {
  t.test(`a well-made signature outside the profile is refused: ${name}`, async (t) => {
    await refused(t, await externallySigned(change), reason)
  })
}

t.test('a body without content-type is refused', async (t) => {
  await refused(t, withHeaders(received(), { 'content-type': undefined }), /is missing or not printable/)
})

t.test('times that are not whole seconds are refused', async (t) => {
  for (const time of ['1800000000.5', '"1800000000"', '?1', 'x', ':AAAA:']) {
    const created = withInput(received(), (input) => input.replace('created=1800000000', `created=${time}`))
    await refused(t, created, /created is not in whole seconds/)
    const expires = withInput(received(), (input) => input.replace('expires=1800000300', `expires=${time}`))
    await refused(t, expires, /expires is not in whole seconds/)
  }
})

t.test('tag, algorithm and nonce must be texts, not tokens, and the nonce not an empty one', async (t) => {
  await refused(t, received({ nonce: '' }), /nonce is not/)
  await refused(
    t,
    withInput(received(), (input) => input.replace('"ed25519"', 'ed25519')),
    /alg is not/,
  )
  await refused(
    t,
    withInput(received(), (input) => input.replace('"federated-manga"', 'federated-manga')),
    /tag is not/,
  )
  await refused(
    t,
    withInput(received({ nonce: 'a' }), (input) => input.replace('nonce="a"', 'nonce=a')),
    /nonce is not/,
  )
})

t.test('an independent implementation verifies what we sign', async (t) => {
  const now = Date.now()
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key.publicKey).toString('base64url') },
    format: 'jwk',
  })
  const verifyIt = (request: ReceivedRequest): Promise<boolean | null> =>
    httpbis.verifyMessage(
      {
        keyLookup: async ({ keyid }) => ({
          id: String(keyid),
          algs: ['ed25519'],
          verify: async (data, signature) => verify(null, data, publicKey, signature),
        }),
        requiredFields: ['@method', '@target-uri'],
        requiredParams: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
      },
      {
        method: request.request.method,
        url: request.targetUri,
        headers: Object.fromEntries(
          Object.entries(request.request.headers).map(([name, value]) => [name, String(value)]),
        ),
      },
    )
  t.equal(await verifyIt(received({ now })), true)
  t.equal(await verifyIt(received({ now, method: 'DELETE', body: undefined })), true)
  t.equal(await verifyIt({ ...received({ now }), targetUri: `${TARGET}&y=1` }), false)
})

t.test('we verify what an independent implementation signs, in whatever order', async (t) => {
  t.equal(await verifyRequest(await externallySigned({}), trust()), SENDER)
  const fields = ['content-type', 'content-digest', '@target-uri', '@method']
  const params = ['tag', 'alg', 'keyid', 'nonce', 'expires', 'created']
  t.equal(await verifyRequest(await externallySigned({ fields, params }), trust()), SENDER)
})

interface ExternalSignature {
  readonly fields?: string[]
  readonly params?: string[]
  readonly tag?: string
  readonly alg?: string
  readonly nonce?: string
  readonly keyid?: string
  readonly expires?: Date
}

/** A request signed by http-message-signatures; by the profile, but for the changes. */
async function externallySigned({ fields, params, ...values }: ExternalSignature): Promise<ReceivedRequest> {
  const seed = Buffer.alloc(32, 1)
  const privateKey = createPrivateKey({
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: seed.toString('base64url'),
      x: Buffer.from(key.publicKey).toString('base64url'),
    },
    format: 'jwk',
  })
  const digest = createHash('sha256').update(bytes).digest('base64')
  const message = await httpbis.signMessage(
    {
      key: { ...createSigner(privateKey, 'ed25519'), sign: async (data) => sign(null, data, privateKey) },
      name: 'fm',
      fields: fields ?? ['@method', '@target-uri', 'content-digest', 'content-type'],
      params: params ?? ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
      paramValues: {
        created: new Date(NOW),
        expires: new Date(NOW + 300_000),
        nonce: 'external',
        keyid: `${SENDER}#${KEY_ID}`,
        alg: 'ed25519',
        tag: 'federated-manga',
        ...values,
      },
    },
    {
      method: 'PUT',
      url: TARGET,
      headers: { 'content-type': 'application/json', 'content-digest': `sha-256=:${digest}:` },
    },
  )
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return { request: { method: 'PUT', headers }, body: bytes, targetUri: TARGET }
}
