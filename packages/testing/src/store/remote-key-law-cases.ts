import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { KeyBinding, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { binding, publicKeyOf, remembered, save, witnessed } from './remote-key-samples.ts'
import { NOW_TS } from './samples.ts'

/** Enough to meet each order of tellers and keys, few enough for a database that writes to a disk. */
const RUNS = 25

const KEY_ID = 'ed25519:a'

/** One telling of what `KEY_ID` means: by whom, which of two keys, and its times. */
const telling: fc.Arbitrary<KeyBinding> = fc
  .record({
    told: fc.constantFrom(binding, witnessed),
    publicKey: fc.constantFrom(publicKeyOf(1), publicKeyOf(2)),
    validUntilTs: fc.integer({ min: NOW_TS, max: NOW_TS + 3 }),
    expiredTs: fc.option(fc.integer({ min: NOW_TS, max: NOW_TS + 3 }), { nil: undefined }),
  })
  .map(({ told, ...differing }) => told(KEY_ID, differing))

export const remoteKeyLawCases: readonly Case<Store>[] = [
  {
    name: 'binding: whoever tells what in whichever order, the first word of the origin, or else the first, holds',
    run: (store) => {
      let run = 0
      return fc.assert(
        fc.asyncProperty(fc.array(telling, { minLength: 1, maxLength: 8 }), async (tellings) => {
          const serverName = `https://site-${run++}.example.com/v1`
          for (const each of tellings) await save(store, { serverName, bindings: [each] })
          assert.deepEqual((await remembered(store, serverName))?.bindings, [outcomeOf(tellings)])
        }),
        { numRuns: RUNS },
      )
    },
  },
]

/** What the tellings come to, seen as a whole and not one after the other. */
function outcomeOf(tellings: readonly KeyBinding[]): KeyBinding {
  const [first] = tellings
  const originsWord = tellings.find(({ source }) => source === 'origin')
  const { publicKey } = originsWord ?? first!
  const start = isSame(first!.publicKey, publicKey) ? 0 : tellings.indexOf(originsWord!)
  const counted = tellings.slice(start).filter((each) => isSame(each.publicKey, publicKey))
  const expiries = counted.flatMap(({ expiredTs }) => expiredTs ?? [])
  return {
    ...(originsWord ?? first!),
    validUntilTs: Math.max(...counted.map(({ validUntilTs }) => validUntilTs)),
    expiredTs: expiries.length > 0 ? Math.min(...expiries) : undefined,
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a[0] === b[0]
}
