import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import type { Backend, SigningKey, Verifier } from './backend.ts'
import { signOnThread } from './signing-thread.ts'
import { verifyOnThreads } from './verifying-threads.ts'

/** What stands before the 32 bytes of a public key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])

/** What stands before the 32 bytes of a seed in its PKCS #8 form (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
])

/** The keys of the verifiers that were made here, for the threads that verify. */
const publicKeys = new WeakMap<Verifier, KeyObject>()

/** The private keys of the signing keys that were made here, for the thread that signs. */
const privateKeys = new WeakMap<SigningKey, KeyObject>()

/** Ed25519 and SHA-256 by `node:crypto`. Key objects are made once a key: making one costs as much as verifying. */
export const backend: Backend = {
  verifier(publicKey): Verifier {
    const key = createPublicKey({
      key: Buffer.concat([SPKI_PREFIX, publicKey]),
      format: 'der',
      type: 'spki',
    })
    const verifier: Verifier = { verify: (message, signature) => verify(null, message, key, signature) }
    publicKeys.set(verifier, key)
    return verifier
  },

  verifyTogether: (verifications) =>
    verifyOnThreads(
      verifications.map(({ verifier, message, signature }) => ({ message, signature, key: publicKeys.get(verifier)! })),
    ),

  signingKey(seed): SigningKey {
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, seed]),
      format: 'der',
      type: 'pkcs8',
    })
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
    const signingKey = {
      publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
      sign: (message: Uint8Array) => withoutBuffer(sign(null, message, key)),
    }
    privateKeys.set(signingKey, key)
    return signingKey
  },

  beginSigning(job) {
    const keys = job.signers.flatMap(({ key }) => privateKeys.get(key) ?? [])
    return keys.length === job.signers.length ? signOnThread(job, keys) : async () => job.texts.map(job.signHere)
  },

  sha256(data) {
    // As text: the engine keeps 32 bytes in its own heap, and a buffer of their own costs as much as hashing them.
    const text = hash('sha256', data, 'binary')
    const bytes = new Uint8Array(text.length)
    for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
    return bytes
  },
}

/** The same bytes as a plain `Uint8Array`: the methods of a `Buffer` behave otherwise than elsewhere. */
function withoutBuffer(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
