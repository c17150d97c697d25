import { FederationError } from '../errors.ts'
import { EMPTY_ROOT, nodeHash } from './merkle.ts'
import { half, isOdd } from './subtrees.ts'

/** All that must be kept of a tree to make it grow and to know its root. */
export interface CompactRange {
  /** The number of leaves, 0 to 2^53−1. */
  readonly size: number
  /** The hashes of the complete subtrees, the largest first: one for each bit of `size` that is set, at most 53. */
  readonly hashes: readonly Uint8Array[]
}

/** A tree after some leaves more. */
export interface Growth {
  readonly range: CompactRange
  /**
   * For each leaf the hashes of the subtrees that are complete with it: at place `level` that of the last 2^level leaves.
   * The first is the leaf's own; the mean number is two. Kept with the leaf, they are all that proofs need.
   */
  readonly completed: readonly (readonly Uint8Array[])[]
}

/** The tree without leaves. */
export const EMPTY_RANGE: CompactRange = { size: 0, hashes: [] }

/** Appends leaves in order. Throws what {@link GrowingTree.append} throws. */
export function appendLeaves(range: CompactRange, leaves: readonly Uint8Array[]): Growth {
  const tree = new GrowingTree(range)
  const completed = leaves.map((leaf) => tree.append(leaf))
  return { range: tree.range, completed }
}

/** A tree to which leaves are appended one by one. */
export class GrowingTree {
  #size: number
  readonly #hashes: Uint8Array[]

  /** @param range - the tree before that; it does not change. */
  constructor({ size, hashes }: CompactRange) {
    this.#size = size
    this.#hashes = [...hashes]
  }

  get size(): number {
    return this.#size
  }

  /** The tree as it is now. */
  get range(): CompactRange {
    return { size: this.#size, hashes: [...this.#hashes] }
  }

  /**
   * Appends a leaf. The cost is a hash on average, 52 at most, whatever the size.
   *
   * @returns the hashes of the subtrees that it completes, see {@link Growth.completed}.
   * @throws FederationError `internal` at 2^53−1 leaves, beyond which numbers are not exact.
   */
  append(leaf: Uint8Array): Uint8Array[] {
    if (this.#size === Number.MAX_SAFE_INTEGER) {
      throw new FederationError('internal', 'The log is full: it has 2^53-1 entries.')
    }
    const completed = [leaf]
    let node = leaf
    for (let left = this.#size; isOdd(left); left = half(left)) {
      node = nodeHash(this.#hashes.pop()!, node)
      completed.push(node)
    }
    this.#hashes.push(node)
    this.#size++
    return completed
  }
}

/** The root of a tree (RFC 6962 section 2.1). */
export function rootOf({ hashes }: CompactRange): Uint8Array {
  return hashes.length === 0 ? EMPTY_ROOT : joinSubtrees(hashes)
}

/** The hash over neighboring complete subtrees, the largest first, at least one. */
export function joinSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right))
}
