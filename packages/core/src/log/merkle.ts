import { concatBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'

/** SHA-256's length. */
export const HASH_BYTES = 32

/** What stands before a leaf's data and before two hashes, so that neither can pass for the other (RFC 6962 section 2.1). */
const LEAF_PREFIX = Uint8Array.of(0x00)
const NODE_PREFIX = Uint8Array.of(0x01)

/** The root of a tree without leaves (RFC 6962 section 2.1). */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array())

/** The hash of a leaf (RFC 6962 section 2.1). */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concatBytes([LEAF_PREFIX, data]))
}

/** The hash over two subtrees (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes([NODE_PREFIX, left, right]))
}

/** Whether all of these have the length of a hash: bytes moved from one to its neighbor would hash to the same node. */
export function areHashes(candidates: readonly Uint8Array[]): boolean {
  return candidates.every((candidate) => candidate.length === HASH_BYTES)
}
