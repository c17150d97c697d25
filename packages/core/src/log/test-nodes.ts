import { appendLeaves, EMPTY_RANGE } from './compact-range.ts'
import type { ReadNodes } from './make-proofs.ts'
import type { NodePosition } from './subtrees.ts'

/** Keeps with each leaf what it completed, as a store does, and counts what is read of it. */
export interface TestNodes {
  readonly read: ReadNodes
  /** How many hashes were read since this was asked last. */
  countReads(): number
}

/** The nodes of a tree with these leaves. */
export function nodesOfLeaves(leaves: readonly Uint8Array[]): TestNodes {
  const { completed } = appendLeaves(EMPTY_RANGE, leaves)
  return countingNodes(({ level, index }) => completed[(index + 1) * 2 ** level - 1]?.[level])
}

/** Nodes that a function makes up. */
export function countingNodes(nodeAt: (position: NodePosition) => Uint8Array | undefined): TestNodes {
  let reads = 0
  return {
    async read(positions) {
      reads += positions.length
      return positions.map((position) => {
        const hash = nodeAt(position)
        if (!hash) throw new Error(`There is no node ${position.index} on level ${position.level}`)
        return hash
      })
    },
    countReads() {
      const counted = reads
      reads = 0
      return counted
    },
  }
}
