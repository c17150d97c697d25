import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { NOW_TS } from './samples.ts'

/** Enough to meet each order of use and expiry, few enough for a database that writes to a disk. */
const RUNS = 25

/** Longest nonce, in characters. */
const MAX_CHARACTERS = 512

/** One use: a nonce out of few, how long it counts, and how much time went by before. */
const use = fc.record({ nonce: fc.constantFrom('a', 'b', 'A'), livesMs: fc.nat(4), waitedMs: fc.nat(3) })

export const nonceCases: readonly Case<Store>[] = [
  {
    name: 'nonces: one is new once, until it has expired',
    run: async ({ nonces }) => {
      const expiresTs = NOW_TS + 10
      assert.equal(await nonces.use('nonce', expiresTs, NOW_TS), true)
      for (const nowTs of [NOW_TS, expiresTs - 1, expiresTs]) {
        assert.equal(
          await nonces.use('nonce', expiresTs + 5, nowTs),
          false,
          `${expiresTs - nowTs} ms before its expiry`,
        )
      }
      assert.equal(await nonces.use('nonce', expiresTs + 1, expiresTs + 1), true)
      assert.equal(await nonces.use('nonce', expiresTs + 1, expiresTs + 1), false)
    },
  },
  {
    name: 'nonces: each is apart from every other, up to 512 characters',
    run: async ({ nonces }) => {
      const long = 'n'.repeat(MAX_CHARACTERS - 1)
      const different = ['nonce', 'NONCE', 'nonce ', 'nonce%', "nonce'", '__proto__', `${long}1`, `${long}2`]
      for (const expected of [true, false]) {
        for (const nonce of different) assert.equal(await nonces.use(nonce, NOW_TS, NOW_TS), expected, nonce)
      }
    },
  },
  {
    name: 'nonces: of several uses at one time exactly one is the first',
    run: (store) => raceNonces([store, store, store, store]),
  },
  {
    name: 'nonces: whatever was used and when, one is new if and only if it is not remembered',
    run: ({ nonces }) => {
      let run = 0
      return fc.assert(
        fc.asyncProperty(fc.array(use, { maxLength: 12 }), async (uses) => {
          const prefix = `run ${run++} `
          const expiries = new Map<string, number>()
          let nowTs = NOW_TS
          for (const { nonce, livesMs, waitedMs } of uses) {
            nowTs += waitedMs
            const isNew = (expiries.get(nonce) ?? -1) < nowTs
            if (isNew) expiries.set(nonce, nowTs + livesMs)
            assert.equal(await nonces.use(prefix + nonce, nowTs + livesMs, nowTs), isNew)
          }
        }),
        { numRuns: RUNS },
      )
    },
  },
  {
    name: 'nonces: of many that expire one after the other, each counts up to its expiry and is new after it',
    run: async ({ nonces }) => {
      const [count, livesMs] = [1500, 1000]
      for (let index = 0; index < count; index++) {
        const nowTs = NOW_TS + index
        assert.equal(await nonces.use(`nonce ${index}`, nowTs + livesMs, nowTs), true)
        if (index < livesMs) continue
        const atItsExpiry = `nonce ${index - livesMs}`
        assert.equal(await nonces.use(atItsExpiry, nowTs, nowTs), false, `${atItsExpiry} at its expiry`)
      }
      const endTs = NOW_TS + count
      const firstThatCounts = count - livesMs
      assert.equal(await nonces.use(`nonce ${firstThatCounts - 1}`, endTs, endTs), true)
      assert.equal(await nonces.use(`nonce ${firstThatCounts}`, endTs, endTs), false)
      assert.equal(await nonces.use(`nonce ${count - 1}`, endTs, endTs), false)
    },
  },
]

/** Uses one nonce in all the stores at once, which share their data. */
export async function raceNonces(stores: readonly Store[]): Promise<void> {
  const verdicts = await Promise.all(stores.map(({ nonces }) => nonces.use('raced', NOW_TS + 1, NOW_TS)))
  assert.equal(verdicts.filter(Boolean).length, 1, `${verdicts.join(', ')}: exactly one is the first`)
}
