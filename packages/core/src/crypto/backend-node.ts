import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Backend, SigningKey, Verifier } from './backend.ts'
import { signerInBackground } from './signing-thread.ts'

/** What stands before the 32 bytes of a public key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])

/** What stands before the 32 bytes of a seed in its PKCS #8 form (RFC 8410, section 7). */
const PKCS8_PREFIX = Uint8Array.from([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
])

/**
 * Handing work to libuv's pool takes half as long as a verification, so several must wait there for the cores to be
 * busy. Files and names that the site wants to look up wait behind them for less than a millisecond.
 */
const VERIFICATIONS_A_CORE = 4

/** Ed25519 and SHA-256 by `node:crypto`. Key objects are made once a key: making one costs as much as verifying. */
export const backend: Backend = {
  parallelVerifications: VERIFICATIONS_A_CORE * availableParallelism(),

  verifier(publicKey): Verifier {
    const key = createPublicKey({
      key: Buffer.concat([SPKI_PREFIX, publicKey]),
      format: 'der',
      type: 'spki',
    })
    return {
      verify: (message, signature) => verify(null, message, key, signature),
      // The form with a callback runs in libuv's thread pool.
      verifyInBackground: (message, signature) =>
        new Promise((resolve, reject) => {
          verify(null, message, key, signature, (error, holds) => (error ? reject(error) : resolve(holds)))
        }),
    }
  },

  signingKey(seed): SigningKey {
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, seed]),
      format: 'der',
      type: 'pkcs8',
    })
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
    return {
      publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)),
      sign: (message) => withoutBuffer(sign(null, message, key)),
      signInBackground: signerInBackground(key),
    }
  },

  sha256: (data) => withoutBuffer(hash('sha256', data, 'buffer')),
}

/** The same bytes as a plain `Uint8Array`: the methods of a `Buffer` behave otherwise than elsewhere. */
function withoutBuffer(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
