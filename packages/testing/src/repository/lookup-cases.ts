import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Case } from '../case.ts'
import { describeCall, itemsOf, shown, type Listing } from './listing.ts'

const PAGE_LIMIT = 100

/** Each look-up is a query; the first hundred items show what a look-up forgets. */
const LOOKED_UP = 100

/** Ids that no catalog has, and that careless queries stumble over. */
const UNKNOWN_IDS: readonly string[] = [
  'no such id, made up by the conformance suite',
  "' OR '1'='1",
  '%',
  '-1',
  '99999999999999999999',
  '__proto__',
  '\u{1f600}',
  'x'.repeat(255),
]

export const lookupCases: readonly Case<Listing>[] = [
  {
    name: 'looking an id up gets the record that the listing shows',
    run: async (listing) => {
      let lookedUp = 0
      for await (const listed of itemsOf(listing, PAGE_LIMIT)) {
        if (lookedUp++ === LOOKED_UP) return
        const found = await listing.get(listed.id)
        const call = describeCall(listing.getMethod, listed.id)
        assert.ok(
          found !== undefined && found !== null,
          `${call} returned ${shown(found)}, but ${listing.listMethod} shows that id. Both must know the same records.`,
        )
        assert.ok(
          isSameJson(found, listed),
          `${call} disagrees with ${listing.listMethod}: ${JSON.stringify(found)} against ${JSON.stringify(listed)}. ` +
            'Build the record in one function that both use.',
        )
      }
    },
  },
  {
    name: 'looking an unknown id up gets undefined',
    run: async (listing) => {
      for (const id of UNKNOWN_IDS) {
        const found: { readonly id: string } | null | undefined = await listing.get(id)
        const call = describeCall(listing.getMethod, id)
        assert.ok(
          found !== null,
          `${call} returned null. Return undefined for an id that is not there: \`row ?? undefined\`.`,
        )
        // A catalog may after all have an id like "-1"; what matters is that no other record answers to it.
        assert.ok(
          found === undefined || found.id === id,
          `${call} returned a record with another id (${shown(found?.id)}). Compare ids as a whole and as text, in a ` +
            'query with parameters, and return undefined when there is none.',
        )
      }
    },
  },
]

/** Whether two records say the same as JSON, where a field that is undefined is a field that is missing. */
function isSameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
}
