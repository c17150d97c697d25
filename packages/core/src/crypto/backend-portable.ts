import { sha256 } from '@noble/hashes/sha2.js'
import nacl from 'tweetnacl'
import type { Backend, SigningKey, Verifier } from './backend.ts'

const utf8 = new TextEncoder()

/** Ed25519 by tweetnacl and SHA-256 by noble, for browsers and React Native. */
export const backend: Backend = {
  // All JavaScript of a page shares one thread.
  parallelVerifications: 1,

  verifier(publicKey): Verifier {
    const key = publicKey.slice()
    const verify = (message: Uint8Array, signature: Uint8Array): boolean =>
      nacl.sign.detached.verify(message, signature, key)
    return {
      verify,
      async verifyInBackground(message, signature) {
        // One verification takes tens of milliseconds: a page must be able to draw between two of them.
        await new Promise((resolve) => setTimeout(resolve))
        return verify(message, signature)
      },
    }
  },

  signingKey(seed): SigningKey {
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed)
    const sign = (message: Uint8Array): Uint8Array => nacl.sign.detached(message, secretKey)
    return { publicKey, sign, signInBackground: async (message) => sign(message) }
  },

  sha256: (data) => sha256(typeof data === 'string' ? utf8.encode(data) : data),
}
