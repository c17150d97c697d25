import assert from 'node:assert/strict'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { NOW_TS, ORIGIN, OTHER_ORIGIN } from './samples.ts'

/** Longest id of a transaction, in characters. */
const MAX_CHARACTERS = 128

export const transactionCases: readonly Case<Store>[] = [
  {
    name: 'transactions: an id stands for the digest that it was first given, until it has expired',
    run: async (store) => {
      const expiresTs = NOW_TS + 10
      assert.equal(await remember(store, { fill: 1, expiresTs }), 1)
      for (const nowTs of [NOW_TS, expiresTs - 1, expiresTs]) {
        assert.equal(await remember(store, { fill: 1, expiresTs: expiresTs + 5, nowTs }), 1)
        assert.equal(await remember(store, { fill: 2, expiresTs: expiresTs + 5, nowTs }), 1)
      }
      assert.equal(await remember(store, { fill: 2, expiresTs, nowTs: expiresTs + 1 }), 2)
    },
  },
  {
    name: 'transactions: senders and ids are apart',
    run: async (store) => {
      const long = 'n'.repeat(MAX_CHARACTERS - 1)
      const ids = ['id', 'ID', 'id%', '__proto__', `${long}1`, `${long}2`]
      const all = [ORIGIN, OTHER_ORIGIN].flatMap((sender) => ids.map((id) => ({ sender, id })))
      for (const given of [0, 100]) {
        for (const [index, transaction] of all.entries()) {
          assert.equal(await remember(store, { ...transaction, fill: given + index }), index)
        }
      }
    },
  },
  {
    name: 'transactions: of several with one id at one time exactly one is remembered, and all are told the same',
    run: (store) => raceTransactions([store, store, store, store]),
  },
  {
    name: 'transactions: what the caller does to arrays that it gave or got changes nothing in the store',
    run: async ({ transactions }) => {
      const given = { sender: ORIGIN, id: 'id', digest: new Uint8Array(32).fill(1), expiresTs: NOW_TS }
      const first = await transactions.remember(given, NOW_TS)
      given.digest.fill(2)
      first.fill(3)
      const told = await transactions.remember(given, NOW_TS)
      assert.deepEqual(Uint8Array.from(told), new Uint8Array(32).fill(1))
    },
  },
]

/** Remembers one id in all the stores at once, which share their data. */
export async function raceTransactions(stores: readonly Store[]): Promise<void> {
  const told = await Promise.all(stores.map((store, index) => remember(store, { fill: index })))
  assert.equal(new Set(told).size, 1, `${told.join(', ')}: all are told the same digest`)
  assert.equal(await remember(stores[0]!, { fill: 200 }), told[0])
}

/** Remembers a transaction whose digest is 32 times `fill`, and returns the same of the digest that is remembered. */
async function remember(
  { transactions }: Store,
  given: { fill: number; sender?: string; id?: string; expiresTs?: number; nowTs?: number },
): Promise<number | undefined> {
  const { fill, sender = ORIGIN, id = 'id', expiresTs = NOW_TS + 1, nowTs = NOW_TS } = given
  const digest = await transactions.remember({ sender, id, digest: new Uint8Array(32).fill(fill), expiresTs }, nowTs)
  assert.equal(digest.length, 32)
  return digest[0]
}
