import { sameBytes } from '../bytes.ts'
import { areHashes, EMPTY_ROOT, nodeHash } from './merkle.ts'
import { half, isOdd, isSize } from './subtrees.ts'

/** The longest proof: a path has a sibling for each of 53 levels, a consistency proof may begin with one hash more. */
export const MAX_PROOF_HASHES = 54

/** That a leaf stands in a tree. */
export interface InclusionClaim {
  readonly leafHash: Uint8Array
  /** The leaf's place, from 0 on. */
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
}

/** That a tree begins with all leaves of an older one, in the same order. */
export interface ConsistencyClaim {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly newSize: number
  readonly newRoot: Uint8Array
}

/** A sibling on the way from a node to the root, and on which side of the way it stands. */
interface Step {
  readonly sibling: Uint8Array
  readonly side: 'left' | 'right'
}

/**
 * Whether a proof shows that a leaf stands in a tree (RFC 9162 section 2.1.3.2). Never throws.
 *
 * @param proof - the siblings of the leaf's path, from the bottom up.
 */
export function verifyInclusion(
  { leafHash, index, size, root }: InclusionClaim,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false
  const steps = stepsUp(index, size - 1, proof)
  return steps !== undefined && areHashes([leafHash, ...proof]) && sameBytes(climb(leafHash, steps), root)
}

/**
 * Whether a proof shows that a tree begins with an older one (RFC 9162 section 2.1.4.2). Never throws. Every tree
 * begins with the empty one, and with itself; the proof of both is empty.
 *
 * @param proof - as the RFC orders it, from the bottom up.
 */
export function verifyConsistency(
  { oldSize, oldRoot, newSize, newRoot }: ConsistencyClaim,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false
  if (oldSize === newSize) return proof.length === 0 && sameBytes(oldRoot, newRoot)
  if (oldSize === 0) return proof.length === 0 && sameBytes(oldRoot, EMPTY_ROOT)

  const { path, last } = aboveOddNodes(oldSize - 1, newSize - 1)
  // The old tree is one complete subtree where the path leads along its left edge: then its root is left out of the proof.
  const hashes = path === 0 ? [oldRoot, ...proof] : proof
  const [first, ...siblings] = hashes
  const steps = stepsUp(path, last, siblings)
  if (first === undefined || steps === undefined || !areHashes(hashes)) return false
  // What stands to the right of the path came later, so the old root is made of what stands to the left.
  const olderSteps = steps.filter(({ side }) => side === 'left')
  return sameBytes(climb(first, olderSteps), oldRoot) && sameBytes(climb(first, steps), newRoot)
}

/** The hash at the top of a path. */
function climb(from: Uint8Array, steps: readonly Step[]): Uint8Array {
  return steps.reduce(
    (hash, { sibling, side }) => (side === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling)),
    from,
  )
}

/**
 * The way up from a node; undefined when there are too few siblings for it, or too many.
 *
 * @param path - the node's place on its level.
 * @param last - the last place on that level.
 * @param siblings - from the bottom up.
 */
function stepsUp(path: number, last: number, siblings: readonly Uint8Array[]): Step[] | undefined {
  const sides: Step['side'][] = []
  for (let [place, end] = [path, last]; end > 0; [place, end] = [half(place), half(end)]) {
    if (isOdd(place)) sides.push('left')
    // The last one of an odd number has no sibling on its level, and goes up as it is.
    else if (place < end) sides.push('right')
  }
  if (sides.length !== siblings.length) return undefined
  return siblings.map((sibling, index) => ({ sibling, side: sides[index]! }))
}

/** Goes up as long as the node is the right one of two: there ends the largest complete subtree with this last leaf. */
function aboveOddNodes(path: number, last: number): { path: number; last: number } {
  return isOdd(path) ? aboveOddNodes(half(path), half(last)) : { path, last }
}
