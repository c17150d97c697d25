/**
 * How long to wait after failures, in milliseconds: the pause doubles with each one.
 *
 * @param failuresInARow - at least one.
 * @param firstMs - the pause after the first one.
 * @param maxMs - the longest pause.
 */
export function backOffMs(failuresInARow: number, firstMs: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** (failuresInARow - 1), maxMs)
}

/**
 * A delay with jitter, in whole milliseconds, so that many who began together do not come back together.
 *
 * @param share - how far it is spread to both sides: 0.2 makes it 80 to 120 %.
 * @param random - from 0 to below 1.
 */
export function spreadMs(delayMs: number, share: number, random: () => number): number {
  return Math.round(delayMs * (1 + share * (2 * random() - 1)))
}
