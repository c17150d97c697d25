/**
 * Where subtrees lie. Sizes go up to 2^53−1, so halving and doubling here are arithmetic: the operators that shift bits
 * would cut the numbers to 32.
 */

/** The level of the largest complete subtree that a log can have: 2^52 leaves. */
const MAX_LEVEL = 52

/** A subtree of RFC 6962: the leaves from `start` up to and without `end`, at least one. */
export interface Subtree {
  readonly start: number
  readonly end: number
}

/**
 * A complete subtree: the 2^level leaves from leaf index × 2^level on; level 0 are the leaves themselves. Its hash
 * never changes, however the log grows.
 */
export interface NodePosition {
  readonly level: number
  readonly index: number
}

/** Whether a number can be the size of a log. */
export function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0
}

/** Whether the lowest bit is set. */
export function isOdd(size: number): boolean {
  return size % 2 === 1
}

/** The number without its lowest bit, shifted right. */
export function half(size: number): number {
  return Math.floor(size / 2)
}

/**
 * Where a subtree falls into two: as many leaves stand to the left as the largest power of two below their number (RFC
 * 6962 section 2.1).
 *
 * @param subtree - of two leaves or more.
 */
export function splitOf({ start, end }: Subtree): number {
  let width = 1
  while (width * 2 < end - start) width *= 2
  return start + width
}

/** The complete subtrees that a subtree of the tree consists of, from left to right: one, or at a ragged end more. */
export function completeNodes({ start, end }: Subtree): NodePosition[] {
  const positions: NodePosition[] = []
  let covered = start
  for (let level = MAX_LEVEL; covered < end; level -= 1) {
    const width = 2 ** level
    if (end - covered < width) continue
    positions.push({ level, index: covered / width })
    covered += width
  }
  return positions
}
