import fc from 'fast-check'
import t from 'tap'
import type { Backend, SignedText, SigningJob, SigningKey } from './backend.ts'
import { backend as node } from './backend-node.ts'
import { backend as portable } from './backend-portable.ts'
import { type Ed25519, ed25519On, type SignatureCheck } from './ed25519.ts'
import { createIdleThread } from './idle-thread.ts'
import { importPublicKey, importSigningKey, randomBytes, sha256, verifySignature, verifySignatures } from './index.ts'
import { RFC_8032_VECTORS } from './test-rfc8032.ts'
import { readShared } from './test-shared.ts'

const BACKENDS: readonly (readonly [string, Backend])[] = [
  ['node:crypto', node],
  ['tweetnacl', portable],
]
const ON_BOTH = BACKENDS.map(([name, backend]) => [name, ed25519On(backend)] as const)

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const unhex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** The whole verdict on raw bytes: a key that cannot be imported verifies nothing. */
function accepts(ed25519: Ed25519, key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verifySignature(ed25519.importPublicKey(key), message, signature)
  } catch {
    return false
  }
}

/** The 14 encodings of points of small order, as libsodium lists them. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
]

/** The group order L. Adding it to S leaves the equation as it was. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n

function withGroupOrderAdded(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + L
  return Uint8Array.from([...signature.subarray(0, 32), ...unhex(s.toString(16).padStart(64, '0')).toReversed()])
}

interface CctvVector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

/**
 * What PROTOCOL section 2 says to each class of https://c2sp.org/CCTV/ed25519. Components of low order alone are fine:
 * the rules refuse points that are of small order, not points that have such a part.
 */
const REFUSED_FLAGS: Record<string, string> = {
  low_order_A: 'one of the 14 encodings as public key',
  low_order_R: 'one of the 14 encodings as R',
  non_canonical_A: 'y ≥ p in the public key',
  non_canonical_R: 'R is compared byte for byte, and the point that is computed is always encoded canonically',
  low_order_residue: 'the equation holds only with the cofactor',
  reencoded_k: 'the hash was made over other bytes than those received',
}
const ACCEPTED_FLAGS = ['low_order_component_A', 'low_order_component_R']

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly msg: string
      readonly sig: string
      readonly result: 'valid' | 'invalid'
    }[]
  }[]
}

const cctv = readShared('vectors/ed25519-cctv.json') as readonly CctvVector[] | undefined
const wycheproof = readShared('vectors/ed25519-wycheproof.json') as WycheproofFile | undefined
const ABSENT = '../shared/vectors is not there'

for (const [name, ed25519] of ON_BOTH) {
  void t.test(`${name}: gives the keys and signatures of RFC 8032`, (t) => {
    for (const vector of RFC_8032_VECTORS) {
      const signing = ed25519.importSigningKey(unhex(vector.seed))
      const message = unhex(vector.message)
      t.same(signing.publicKey, unhex(vector.key), `${vector.name}: public key`)
      t.same(signing.sign(message), unhex(vector.signature), `${vector.name}: signature`)
      t.ok(accepts(ed25519, unhex(vector.key), message, unhex(vector.signature)), `${vector.name}: accepted`)
    }
    t.end()
  })

  void t.test(`${name}: decides every class of the CCTV vectors by the rules`, { skip: cctv ? false : ABSENT }, (t) => {
    const wrong: number[] = []
    for (const { number, key, sig, msg, flags } of cctv ?? []) {
      const expected = !(flags ?? []).some((flag) => flag in REFUSED_FLAGS)
      if (accepts(ed25519, unhex(key), ascii(msg), unhex(sig)) !== expected) wrong.push(number)
    }
    t.same(wrong, [], 'no vector got another verdict than the rules give')
    t.end()
  })

  void t.test(`${name}: agrees with every Wycheproof vector`, { skip: wycheproof ? false : ABSENT }, (t) => {
    const wrong: string[] = []
    for (const { publicKey, tests } of wycheproof?.testGroups ?? []) {
      for (const { tcId, comment, msg, sig, result } of tests) {
        const accepted = accepts(ed25519, unhex(publicKey.pk), unhex(msg), unhex(sig))
        if (accepted !== (result === 'valid')) wrong.push(`${tcId} ${comment}`)
      }
    }
    t.same(wrong, [], 'no vector got another verdict')
    t.end()
  })

  void t.test(`${name}: refuses keys that are short, long, of small order, or not canonical, and says which`, (t) => {
    const refused = (key: Uint8Array, message: RegExp): void => {
      t.throws(() => ed25519.importPublicKey(key), { code: 'invalid_key', message })
    }
    refused(new Uint8Array(31).fill(9), /32 bytes, this one has 31/)
    refused(new Uint8Array(33).fill(9), /32 bytes, this one has 33/)
    for (const encoding of SMALL_ORDER) refused(unhex(encoding), /small order/)
    for (let low = 0xef; low <= 0xff; low++) {
      for (const high of [0x7f, 0xff]) refused(Uint8Array.from([low, ...Array(30).fill(0xff), high]), /canonical/)
    }
    t.throws(() => ed25519.importSigningKey(new Uint8Array(64)), {
      code: 'invalid_key',
      message: /seed.*64/,
    })
    t.end()
  })

  void t.test(`${name}: refuses S + L, an R of small order, and signatures of another length`, (t) => {
    const [vector] = RFC_8032_VECTORS
    const key = unhex(vector!.key)
    const signature = unhex(vector!.signature)
    const message = unhex(vector!.message)
    t.notOk(accepts(ed25519, key, message, withGroupOrderAdded(signature)), 'S + L')
    for (const encoding of SMALL_ORDER) {
      const forged = Uint8Array.from([...unhex(encoding), ...signature.subarray(32)])
      t.notOk(accepts(ed25519, key, message, forged), `R = ${encoding}`)
    }
    for (const length of [0, 32, 63]) t.notOk(accepts(ed25519, key, message, signature.subarray(0, length)))
    t.notOk(accepts(ed25519, key, message, Uint8Array.from([...signature, 0])), '65 bytes')
    t.end()
  })

  void t.test(`${name}: verifies many at once and keeps their order`, async (t) => {
    const checks = RFC_8032_VECTORS.flatMap((vector) => {
      const key = ed25519.importPublicKey(unhex(vector.key))
      const signature = unhex(vector.signature)
      return [
        { key, message: unhex(vector.message), signature },
        { key, message: ascii('another message'), signature },
        { key, message: unhex(vector.message), signature: withGroupOrderAdded(signature) },
      ]
    })
    t.same(
      await ed25519.verifySignatures(checks),
      RFC_8032_VECTORS.flatMap(() => [true, false, false]),
    )
    t.same(await ed25519.verifySignatures([]), [])
  })

  void t.test(`${name}: tells the good ones of many apart, by several keys, asked for at the same time`, async (t) => {
    const signers = [bytesOf(1), bytesOf(2), bytesOf(3)].map((seed) => ed25519.importSigningKey(seed))
    const isGood = (index: number): boolean => index % 5 !== 0 && index % 7 !== 0
    const checksOf = (count: number): SignatureCheck[] =>
      Array.from({ length: count }, (_, index) => {
        const signer = signers[index % signers.length]!
        const message = ascii(`message ${index} `.repeat(index % 7))
        const signed = index % 5 === 0 ? ascii(`another ${index}`) : message
        const signature = signer.sign(signed)
        return {
          key: ed25519.importPublicKey(signer.publicKey),
          message,
          signature: index % 7 === 0 ? withGroupOrderAdded(signature) : signature,
        }
      })
    const counts = name === 'node:crypto' ? [1, 7, 8, 9, 64, 500] : [1, 9]
    const verdicts = await Promise.all(counts.map((count) => ed25519.verifySignatures(checksOf(count))))
    for (const [place, count] of counts.entries()) {
      t.same(
        verdicts[place],
        Array.from({ length: count }, (_, index) => isGood(index)),
        `${count} signatures`,
      )
    }
  })

  void t.test(`${name}: keeps its own copy of a key`, (t) => {
    const [vector] = RFC_8032_VECTORS
    const given = unhex(vector!.key)
    const key = ed25519.importPublicKey(given)
    given.fill(9)
    t.same(key.bytes, unhex(vector!.key))
    t.ok(ed25519.verifySignature(key, unhex(vector!.message), unhex(vector!.signature)))
    t.equal(ed25519.importPublicKey(unhex(vector!.key)), key, 'the same bytes get the same imported key')
    t.end()
  })
}

void t.test('every flag of the CCTV vectors has a verdict', { skip: cctv ? false : ABSENT }, (t) => {
  const flags = new Set(cctv?.flatMap((vector) => vector.flags ?? []))
  t.same([...flags].sort(), [...Object.keys(REFUSED_FLAGS), ...ACCEPTED_FLAGS].sort())
  t.end()
})

void t.test('what one backend signs the other verifies, and nothing that was altered', (t) => {
  const change = fc.record({ place: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) })
  const altered = (bytes: Uint8Array, { place, bit }: { place: number; bit: number }): Uint8Array =>
    bytes.map((byte, index) => (index === place % bytes.length ? byte ^ (1 << bit) : byte))
  const message = fc.uint8Array({ minLength: 1, maxLength: 200 })
  for (const [signer, verifier] of [ON_BOTH, ON_BOTH.toReversed()] as const) {
    const [signerName, signing] = signer!
    const [verifierName, verifying] = verifier!
    fc.assert(
      fc.property(bytes32, message, change, (seed, message, change) => {
        const { publicKey, sign } = signing.importSigningKey(seed)
        const signature = sign(message)
        return (
          accepts(verifying, publicKey, message, signature) &&
          !accepts(verifying, publicKey, altered(message, change), signature) &&
          !accepts(verifying, publicKey, message, altered(signature, change)) &&
          !accepts(verifying, altered(publicKey, change), message, signature)
        )
      }),
      { numRuns: 25 },
    )
    t.pass(`${signerName} signs, ${verifierName} verifies`)
  }
  t.end()
})

void t.test('both backends give the same verdict on arbitrary bytes and the same hash', (t) => {
  fc.assert(
    fc.property(bytes32, fc.uint8Array({ maxLength: 100 }), bytes32, bytes32, (key, message, r, s) => {
      s[31] = s[31]! & 0x0f
      const signature = Uint8Array.from([...r, ...s])
      const [first, second] = ON_BOTH.map(([, ed25519]) => accepts(ed25519, key, message, signature))
      return first === second
    }),
    { numRuns: 40 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      const [first, second] = BACKENDS.map(([, backend]) => Buffer.from(backend.sha256(data)).toString('hex'))
      return first === second
    }),
  )
  t.pass('they agree')
  t.end()
})

void t.test('the public face works on the backend of this platform', async (t) => {
  const signing = importSigningKey(randomBytes(32))
  const key = importPublicKey(signing.publicKey)
  const message = ascii('日本語')
  const signature = signing.sign(message)
  t.ok(verifySignature(key, message, signature))
  t.same(await verifySignatures([{ key, message, signature }]), [true])
  t.same(sha256(ascii('abc')), unhex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'))
  t.equal(randomBytes(65_536).length, 65_536)
  t.notSame(randomBytes(16), randomBytes(16))
  for (const bytes of [signing.publicKey, signature, sha256(message), randomBytes(1)]) {
    t.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, 'plain bytes, no Buffer')
  }
})

for (const [name, backend] of BACKENDS) {
  void t.test(`${name}: texts are signed by each key and hashed, few and many, waited for or not`, async (t) => {
    const keys = [backend.signingKey(bytesOf(1)), backend.signingKey(bytesOf(2))]
    const job = jobOf(keys)
    for (const count of name === 'node:crypto' ? [0, 1, 31, 32, 1000] : [0, 1, 40]) {
      const texts = Array.from({ length: count }, (_, index) => `日本語 ${index} `.repeat(index % 7))
      const expected = texts.map(job.signHere)
      const [atOnce, later] = [backend.beginSigning({ ...job, texts }), backend.beginSigning({ ...job, texts })]
      t.same(await atOnce(), expected, `${count} texts`)
      await new Promise((resolve) => setImmediate(resolve))
      t.same(await later(), expected, `${count} texts, waited for later`)
    }
  })
}

void t.test('keys of another backend sign here', async (t) => {
  const job = jobOf([portable.signingKey(bytesOf(1))])
  const texts = Array.from({ length: 40 }, (_, index) => `${index}`)
  t.same(await node.beginSigning({ ...job, texts })(), texts.map(job.signHere))
})

/** A job that shows the order of what is written, and how it is done by hand. */
function jobOf(keys: readonly SigningKey[]): Omit<SigningJob, 'texts'> {
  const signers = keys.map((key, index) => ({ opening: `<${index}>`, key }))
  const ending = '。end'
  const signHere = (text: string): SignedText => {
    const message = new TextEncoder().encode(text + ending)
    const signatures = signers.map(({ opening, key }) => opening + textOf(key.sign(message)))
    const bytes = new TextEncoder().encode(`${text}${signatures.join('')}</>${ending}`)
    return { bytes, sha256: sha256(bytes) }
  }
  return { signers, closing: '</>', ending, signHere }
}

/** Base64 without padding. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

function bytesOf(value: number): Uint8Array {
  return new Uint8Array(32).fill(value)
}

void t.test(
  'a thread answers task by task; when it ends, whoever waits learns that, and the next task gets another',
  async (t) => {
    const thread = createIdleThread<number, number>(`
    const { parentPort } = require('node:worker_threads')
    parentPort.on('message', (task) => (task < 0 ? process.exit() : parentPort.postMessage(task * 2)))
  `)
    t.same(await Promise.all([1, 2, 3].map((task) => thread.ask(task))), [2, 4, 6])
    t.same(await Promise.all([4, -1, 5].map((task) => thread.ask(task))), [8, undefined, undefined])
    t.equal(await thread.ask(6), 12)
    t.equal(await createIdleThread<number, number>('this is no program').ask(1), undefined)
  },
)
