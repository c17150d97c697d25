import { createHash } from 'node:crypto'

/** RFC 6962 section 2.1 as it is written there, by recursion and with another SHA-256: the oracle of the tests. */
export interface Rfc6962 {
  /** MTH(D[start:end]). */
  treeHash(start: number, end: number): Uint8Array
  /** PATH(index, D[start:end]), `index` counted from `start`. */
  path(index: number, start: number, end: number): Uint8Array[]
  /** SUBPROOF(oldSize, D[start:end], isWhole), `oldSize` counted from `start`; PROOF with `isWhole` true. */
  subproof(oldSize: number, start: number, end: number, isWhole: boolean): Uint8Array[]
}

/** Hashes with node:crypto, not with what is tested. */
export function sha256Of(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/**
 * The definition over a list of leaves.
 *
 * @param leafAt - the hash of a leaf.
 * @param shortcut - the hash of a subtree that need not be walked, so that trees of any size can be asked about.
 */
export function rfc6962(
  leafAt: (index: number) => Uint8Array,
  shortcut: (start: number, end: number) => Uint8Array | undefined = () => undefined,
): Rfc6962 {
  const known = new Map<string, Uint8Array>()

  function treeHash(start: number, end: number): Uint8Array {
    if (end === start) return sha256Of('')
    if (end - start === 1) return leafAt(start)
    const key = `${start} ${end}`
    let hash = shortcut(start, end) ?? known.get(key)
    if (!hash) {
      const k = largestPowerOfTwoBelow(end - start)
      hash = sha256Of(Uint8Array.of(1), treeHash(start, start + k), treeHash(start + k, end))
      known.set(key, hash)
    }
    return hash
  }

  function path(index: number, start: number, end: number): Uint8Array[] {
    if (end - start === 1) return []
    const k = largestPowerOfTwoBelow(end - start)
    return index < k
      ? [...path(index, start, start + k), treeHash(start + k, end)]
      : [...path(index - k, start + k, end), treeHash(start, start + k)]
  }

  function subproof(oldSize: number, start: number, end: number, isWhole: boolean): Uint8Array[] {
    if (oldSize === end - start) return isWhole ? [] : [treeHash(start, end)]
    const k = largestPowerOfTwoBelow(end - start)
    return oldSize <= k
      ? [...subproof(oldSize, start, start + k, isWhole), treeHash(start + k, end)]
      : [...subproof(oldSize - k, start + k, end, false), treeHash(start, start + k)]
  }

  return { treeHash, path, subproof }
}

/** In integers of any size, unlike the code that is tested. */
function largestPowerOfTwoBelow(count: number): number {
  return Number(2n ** BigInt((BigInt(count) - 1n).toString(2).length - 1))
}
