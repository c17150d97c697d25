import type { Test } from 'tap'

/** Set to the seed that a failed run printed, to have its random choices again. */
const SEED_VARIABLE = 'FAULTS_SEED'

/** Random numbers that a seed brings back. */
export interface Random {
  /** A whole number from 0 to below `end`. */
  below(end: number): number
}

/** The seed of a test, which is printed when it fails. */
export function seedOf(t: Test): number {
  const given = process.env[SEED_VARIABLE]
  const seed = given ? Number(given) : Math.floor(Math.random() * 2 ** 32)
  t.teardown(() => {
    if (!t.passing()) t.comment(`${SEED_VARIABLE}=${seed} brings the same random choices again`)
  })
  return seed
}

/** Builds random numbers: Mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): Random {
  let state = seed
  return {
    below(end) {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
    },
  }
}
