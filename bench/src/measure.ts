import type { ReconcileReport } from '@manga-federation/core'

/** What one measurement found, as a ratio within one run: machines differ, ratios hardly do. */
export interface BenchResult {
  /** What was compared: `canonical encoding`. */
  readonly name: string
  readonly ratio: number
  readonly limit: number
  /** Whether the ratio must be at least or at most the limit. */
  readonly direction: 'at least' | 'at most'
  /** What the ratio means and was measured on. */
  readonly detail: string
}

/** What something costs on this machine: not held to a limit, but what a larger site is computed from. */
export interface UnitCost {
  readonly name: string
  readonly value: number
  /** `ms`, `bytes`. */
  readonly unit: string
}

/** Rounds before the clock counts, for the engine to compile what it runs. */
const WARM_UP_ROUNDS = 3

/** Whether a result is within its limit. */
export function isWithinLimit({ ratio, limit, direction }: BenchResult): boolean {
  return direction === 'at least' ? ratio >= limit : ratio <= limit
}

/** One line: `canonical encoding: 1.87 × canonicalize (at least 1.5)`. */
export function describeResult({ name, ratio, detail, direction, limit }: BenchResult): string {
  return `${name}: ${ratio.toFixed(2)} × ${detail} (${direction} ${limit})`
}

/** One line: `one page from SQLite: 1.31 ms`. */
export function describeCost({ name, value, unit }: UnitCost): string {
  return `${name}: ${Number(value.toPrecision(3))} ${unit}`
}

/**
 * How many times as fast as `peer` the `subject` is. The two run in turns, so that whatever else the machine does
 * meets both alike; the median of the rounds' ratios is taken.
 *
 * @param rounds - counted rounds, at least 1.
 */
export async function medianSpeedRatio(subject: () => unknown, peer: () => unknown, rounds: number): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    const subjectMs = await elapsedMs(subject)
    const peerMs = await elapsedMs(peer)
    if (round >= WARM_UP_ROUNDS) ratios.push(peerMs / subjectMs)
  }
  return median(ratios)
}

/**
 * How long `task` takes, in milliseconds; the median of the rounds.
 *
 * @param rounds - counted rounds, at least 1.
 */
export async function medianMs(task: () => unknown, rounds: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    const ms = await elapsedMs(task)
    if (round >= WARM_UP_ROUNDS) times.push(ms)
  }
  return median(times)
}

async function elapsedMs(task: () => unknown): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** Makes sure that what was measured was the whole work: a catalog that was refused is published in no time. */
export function checkPublished({ outcome, problems, published, unchanged }: ReconcileReport, expected: number): void {
  if (outcome === 'complete' && published + unchanged === expected) return
  throw new Error(`${published + unchanged} of ${expected} records were published: ${JSON.stringify(problems[0])}`)
}
