import { importPublicKey, type PublicKey } from '../crypto/index.ts'
import type { OwnKeys } from '../keys/index.ts'

/** All keys that this server ever signed with, by key id: what a load balancer serves may have been signed long ago. */
export function ownPublicKeys(keys: OwnKeys): ReadonlyMap<string, PublicKey> {
  return new Map(keys.all().map(({ keyId, signingKey }) => [keyId, importPublicKey(signingKey.publicKey)]))
}
