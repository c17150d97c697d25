import { sha256 } from '@noble/hashes/sha2.js'
import nacl from 'tweetnacl'
import type { Backend, SigningKey, Verifier } from './backend.ts'

const utf8 = new TextEncoder()

/** Ed25519 by tweetnacl and SHA-256 by noble, for browsers and React Native. */
export const backend: Backend = {
  verifier(publicKey): Verifier {
    const key = publicKey.slice()
    return { verify: (message, signature) => nacl.sign.detached.verify(message, signature, key) }
  },

  async verifyTogether(verifications) {
    const verdicts: boolean[] = []
    for (const { verifier, message, signature } of verifications) {
      // One verification takes tens of milliseconds: a page must be able to draw between two of them.
      await new Promise((resolve) => setTimeout(resolve))
      verdicts.push(verifier.verify(message, signature))
    }
    return verdicts
  },

  signingKey(seed): SigningKey {
    const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(seed)
    return { publicKey, sign: (message) => nacl.sign.detached(message, secretKey) }
  },

  beginSigning:
    ({ texts, signHere }) =>
    async () =>
      texts.map(signHere),

  sha256: (data) => sha256(typeof data === 'string' ? utf8.encode(data) : data),
}
