import { sha256 } from '../crypto/index.ts'

/** SHA-256's length. */
export const HASH_BYTES = 32

/** What stands before a leaf's data and before two hashes, so that neither can pass for the other (RFC 6962 section 2.1). */
const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** Where leaves and nodes are put together to be hashed. Those of a log are short; a longer one gets a place of its own. */
const NOTHING = new Uint8Array()
const workplace = new Uint8Array(4096)

/** The root of a tree without leaves (RFC 6962 section 2.1). */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array())

/** The hash of a leaf (RFC 6962 section 2.1). */
export function leafHash(data: Uint8Array): Uint8Array {
  return hashOver(LEAF_PREFIX, data)
}

/** The hash over two subtrees (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashOver(NODE_PREFIX, left, right)
}

function hashOver(prefix: number, first: Uint8Array, second: Uint8Array = NOTHING): Uint8Array {
  const length = 1 + first.length + second.length
  const place = length <= workplace.length ? workplace : new Uint8Array(length)
  place[0] = prefix
  place.set(first, 1)
  place.set(second, 1 + first.length)
  return sha256(place.subarray(0, length))
}

/** Whether all of these have the length of a hash: bytes moved from one to its neighbor would hash to the same node. */
export function areHashes(candidates: readonly Uint8Array[]): boolean {
  return candidates.every((candidate) => candidate.length === HASH_BYTES)
}
