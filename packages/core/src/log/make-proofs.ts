import { FederationError } from '../errors.ts'
import { type CompactRange, joinSubtrees } from './compact-range.ts'
import { completeNodes, type NodePosition, splitOf, type Subtree } from './subtrees.ts'

/**
 * Reads hashes of complete subtrees, in the order asked for, about 2 × log2 of the size at once and 105 at most.
 *
 * A store need not index them by position. The subtree at (level, index) was completed by the leaf
 * (index + 1) × 2^level − 1, so it stands at place `level` of what `appendLeaves` told was completed by that leaf: one
 * value of 64 bytes on average beside each leaf is enough.
 *
 * @throws FederationError `store_damaged` when one is missing.
 */
export type ReadNodes = (positions: readonly NodePosition[]) => Promise<readonly Uint8Array[]>

/**
 * Reads the compact range of the tree as it was at some size, whose root `rootOf` tells.
 *
 * @param size - of which all leaves are stored.
 */
export async function readRange(size: number, readNodes: ReadNodes): Promise<CompactRange> {
  return { size, hashes: size === 0 ? [] : await readNodes(completeNodes({ start: 0, end: size })) }
}

/**
 * Proves that a leaf stands in the tree of some size (RFC 9162 section 2.1.3.1).
 *
 * @param index - the leaf's place, 0 to size − 1.
 * @param size - 1 to 2^53−1; all leaves are stored.
 * @returns the siblings of its path, from the bottom up, at most 53.
 * @throws FederationError `invalid_parameter` when there is no such leaf.
 */
export async function proveInclusion(index: number, size: number, readNodes: ReadNodes): Promise<Uint8Array[]> {
  if (index >= size) throw beyond(index + 1, size)
  const { siblings } = descend(size, index, ({ start, end }) => end - start === 1)
  return hashesOf(siblings, readNodes)
}

/**
 * Proves that the tree of one size begins with the tree of another (RFC 9162 section 2.1.4.1).
 *
 * @param oldSize - 0 to newSize.
 * @param newSize - 0 to 2^53−1; all leaves are stored.
 * @returns at most 54 hashes; none when the sizes are equal or `oldSize` is 0.
 * @throws FederationError `invalid_parameter` when `oldSize` is greater than `newSize`.
 */
export async function proveConsistency(oldSize: number, newSize: number, readNodes: ReadNodes): Promise<Uint8Array[]> {
  if (oldSize > newSize) throw beyond(oldSize, newSize)
  if (oldSize === 0 || oldSize === newSize) return []
  const { reached, siblings } = descend(newSize, oldSize - 1, ({ end }) => end === oldSize)
  // Where the old tree is one complete subtree, whoever verifies has its hash: it is the old root.
  return hashesOf(reached.start === 0 ? siblings : [reached, ...siblings], readNodes)
}

/**
 * Goes from the root of a tree towards a leaf.
 *
 * @param isThere - where to stop; true of the leaf at the latest.
 * @returns the subtree where it stopped, and those beside the way, the lowest first.
 */
function descend(
  size: number,
  leaf: number,
  isThere: (subtree: Subtree) => boolean,
): { readonly reached: Subtree; readonly siblings: readonly Subtree[] } {
  let reached: Subtree = { start: 0, end: size }
  const siblings: Subtree[] = []
  while (!isThere(reached)) {
    const middle = splitOf(reached)
    const left = { start: reached.start, end: middle }
    const right = { start: middle, end: reached.end }
    siblings.unshift(leaf < middle ? right : left)
    reached = leaf < middle ? left : right
  }
  return { reached, siblings }
}

/** The hashes of subtrees, all of whose nodes are read at once. */
async function hashesOf(subtrees: readonly Subtree[], readNodes: ReadNodes): Promise<Uint8Array[]> {
  if (subtrees.length === 0) return []
  const positions = subtrees.map(completeNodes)
  const nodes = [...(await readNodes(positions.flat()))]
  return positions.map(({ length }) => joinSubtrees(nodes.splice(0, length)))
}

function beyond(wanted: number, size: number): FederationError {
  return new FederationError('invalid_parameter', `A log of ${size} entries proves nothing about its first ${wanted}.`)
}
