import { backOffMs, spreadMs } from '../back-off.ts'

/** How often the head of a log is polled (PROTOCOL section 10). */
const POLL_EVERY_MS = 5 * 60 * 1000

/** How long a server is left alone after a failure; doubles with each further one. */
const FIRST_PAUSE_MS = 10 * 1000
const MAX_PAUSE_MS = 60 * 60 * 1000

/** How far a delay is spread to both sides, so that the followers of a server do not come all at once. */
const SPREAD = 0.2

/**
 * How long to wait before a server that was reached is visited again, in milliseconds.
 *
 * @param minDelayMs - what its size asks for.
 * @param random - from 0 to below 1.
 */
export function pollDelayMs(minDelayMs: number, random: () => number): number {
  return spreadMs(Math.max(POLL_EVERY_MS, minDelayMs), SPREAD, random)
}

/** How long to wait after so many failures in a row, at least one, in milliseconds. */
export function pauseMs(failuresInARow: number, random: () => number): number {
  return spreadMs(backOffMs(failuresInARow, FIRST_PAUSE_MS, MAX_PAUSE_MS), SPREAD, random)
}
