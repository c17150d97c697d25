import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { describeCall, itemsOf, type Listing } from './listing.ts'

/** The limits that the federation may ask with: the least, an odd one, the publisher's and the greatest. */
const SMALL_LIMIT = 7
const COMMON_LIMIT = 100
const LARGEST_LIMIT = 1000

/** With one item a page each item costs a query, so fewer are looked at. */
const ITEMS_ONE_BY_ONE = 50

export const listingCases: readonly Case<Listing>[] = [
  {
    name: 'a pass ends, keeps to the limit and shows no id twice',
    run: async (listing) => {
      for (const limit of [COMMON_LIMIT, SMALL_LIMIT]) {
        const seen = new Set<string>()
        for await (const { id } of itemsOf(listing, limit)) {
          assert.ok(
            !seen.has(id),
            `${listing.listMethod} with limit ${limit} returned the id ${JSON.stringify(id)} twice in one pass: pages ` +
              'overlap, the cursor is ignored, or a join repeats rows. Order by a unique column and start each page ' +
              'after the cursor: WHERE id > :cursor ORDER BY id LIMIT :limit.',
          )
          seen.add(id)
        }
      }
    },
  },
  {
    name: 'two passes show the same ids in the same order',
    run: async (listing) => {
      const first = await idsWith(listing, COMMON_LIMIT, listing.sampleSize)
      const second = await idsWith(listing, COMMON_LIMIT, listing.sampleSize)
      assertSameOrder(
        first,
        second,
        `${listing.listMethod} showed another order in its second pass. Order by a unique column that does not change, ` +
          'such as the id; without ORDER BY a database promises no order.',
      )
    },
  },
  {
    name: 'the ids and their order do not depend on the limit',
    run: async (listing) => {
      const ids = await idsWith(listing, LARGEST_LIMIT, listing.sampleSize)
      for (const [limit, most] of [
        [COMMON_LIMIT, listing.sampleSize],
        [SMALL_LIMIT, listing.sampleSize],
        [1, ITEMS_ONE_BY_ONE],
      ] as const) {
        assertSameOrder(
          ids.slice(0, most),
          await idsWith(listing, limit, Math.min(most, ids.length)),
          `${listing.listMethod} with limit ${limit} does not show the ids that it shows with limit ${LARGEST_LIMIT}: ` +
            'pages skip or repeat items at their edges. Make `next` of the last item of the page, not of what follows it.',
        )
      }
    },
  },
  {
    name: 'the same cursor gets the same page, again and between other requests',
    run: async (listing) => {
      const { next: cursor } = await listing.page({ limit: 1 })
      if (cursor === undefined) return
      const request = { cursor, limit: SMALL_LIMIT }
      const first = await listing.page(request)
      await listing.page({ limit: SMALL_LIMIT })
      const again = await listing.page(request)
      assertSameOrder(
        first.items.map(({ id }) => id),
        again.items.map(({ id }) => id),
        `${describeCall(listing.listMethod, request)} returned another page the second time. Keep no position between ` +
          'calls: all that a page depends on is in its cursor.',
      )
    },
  },
]

async function idsWith(listing: Listing, limit: number, most: number): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of itemsOf(listing, limit)) {
    if (ids.length === most) break
    ids.push(id)
  }
  return ids
}

function assertSameOrder(expected: readonly string[], actual: readonly string[], message: string): void {
  const place = expected.findIndex((id, index) => id !== actual[index])
  const at = place === -1 ? expected.length : place
  assert.ok(
    place === -1 && actual.length === expected.length,
    `${message} (Item ${at + 1}: ${JSON.stringify(expected[at])}, then ${JSON.stringify(actual[at])}.)`,
  )
}
