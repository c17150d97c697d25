import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { asSent, differenceOf, roundingHint } from './comparing.ts'
import { describeCall, itemsOf, pagesOf, type Listing } from './listing.ts'

/** The limits that the federation may ask with: the least, an odd one, the publisher's and the greatest. */
const SMALL_LIMIT = 7
const COMMON_LIMIT = 100
const LARGEST_LIMIT = 1000

/** With one item a page each item costs a query, so fewer are looked at. */
const ITEMS_ONE_BY_ONE = 50

const KEYSET = 'WHERE id > :cursor ORDER BY id LIMIT :limit'

export const listingCases: readonly Case<Listing>[] = [
  {
    name: 'a pass ends, keeps to the limit and shows no id twice',
    run: async (listing) => {
      for (const limit of [COMMON_LIMIT, SMALL_LIMIT]) await requireDistinctIds(listing, limit)
    },
  },
  {
    name: 'two passes show the same ids in the same order',
    run: async (listing) => {
      const first = await idsWith(listing, COMMON_LIMIT, listing.sampleSize)
      const second = await idsWith(listing, COMMON_LIMIT, listing.sampleSize)
      requireSameOrder(
        first,
        second,
        `${listing.listMethod} showed another order in its second pass. Order by a unique column that does not change, ` +
          'such as the id; without ORDER BY a database promises no order.',
      )
    },
  },
  {
    name: 'a record says the same in two passes',
    run: async (listing) => {
      const first = new Map<string, unknown>()
      for await (const record of itemsOf(listing, COMMON_LIMIT)) first.set(record.id, asSent(record))
      for await (const record of itemsOf(listing, SMALL_LIMIT)) {
        const difference = first.has(record.id) ? differenceOf(first.get(record.id), asSent(record)) : undefined
        assert.ok(
          difference === undefined,
          `${listing.listMethod} says of ${JSON.stringify(record.id)} something else in a second pass: ${difference}. ` +
            'Each difference is signed and sent to all followers. Leave out what changes by itself (the time, numbers ' +
            'of views), and give lists an order (ORDER BY in array_agg, GROUP_CONCAT and the like).',
        )
      }
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
        const [expected, actual] = [
          ids.slice(0, most),
          await idsWith(listing, limit, Math.min(most, listing.sampleSize)),
        ]
        requireSameEnd(listing, { limit, ids: actual }, { limit: LARGEST_LIMIT, ids: expected })
        requireSameEnd(listing, { limit: LARGEST_LIMIT, ids: expected }, { limit, ids: actual })
        requireSameOrder(
          expected,
          actual,
          `${listing.listMethod} with limit ${limit} does not show the ids that it shows with limit ${LARGEST_LIMIT}: ` +
            'pages skip or repeat items at their edges. Order by a unique column, and make `next` of the last item of ' +
            `the page, not of what follows it: ${KEYSET}.`,
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
      requireSameOrder(
        first.items.map(({ id }) => id),
        again.items.map(({ id }) => id),
        `${describeCall(listing.listMethod, request)} returned another page the second time. Keep no position between ` +
          'calls: all that a page depends on is in its cursor.',
      )
    },
  },
]

async function requireDistinctIds(listing: Listing, limit: number): Promise<void> {
  const method = `${listing.listMethod} with limit ${limit}`
  const seen = new Set<string>()
  for await (const page of pagesOf(listing, limit)) {
    const here = new Set<string>()
    const isFirstAgain = page[0] !== undefined && page[0].id === seen.values().next().value
    for (const { id } of page) {
      const twice = `returned the id ${JSON.stringify(id)} twice`
      assert.ok(
        !here.has(id),
        `${method} ${twice} on one page: a join repeats rows, or two rows have one id. Read what belongs to a row in a ` +
          `subquery, or group by its id.${roundingHint(id)}`,
      )
      assert.ok(
        !isFirstAgain,
        `${method} began again with ${JSON.stringify(id)}: the cursor is ignored. Start each page after it: ${KEYSET}.`,
      )
      assert.ok(
        !seen.has(id),
        `${method} ${twice} in one pass: pages overlap. Order by a unique column and start each page after the cursor: ` +
          `${KEYSET}.${roundingHint(id)}`,
      )
      here.add(id)
    }
    for (const id of here) seen.add(id)
  }
}

async function idsWith(listing: Listing, limit: number, most: number): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of itemsOf(listing, limit, most)) {
    if (ids.length === most) break
    ids.push(id)
  }
  return ids
}

interface Shown {
  readonly limit: number
  readonly ids: readonly string[]
}

/** Requires that a listing does not end where, with another limit, more follows. */
function requireSameEnd({ listMethod }: Listing, shorter: Shown, longer: Shown): void {
  const endsEarly = shorter.ids.length < longer.ids.length && shorter.ids.every((id, index) => id === longer.ids[index])
  assert.ok(
    !endsEarly,
    `${listMethod} with limit ${shorter.limit} ends after ${shorter.ids.length} items, but with limit ${longer.limit} ` +
      `more follow, first ${JSON.stringify(longer.ids[shorter.ids.length])}. A page that is shorter than the limit need ` +
      'not be the last: filter in the query (WHERE deleted_at IS NULL), not in what it returned, and where you allow ' +
      'fewer items than the limit, compare with that number.',
  )
}

function requireSameOrder(expected: readonly string[], actual: readonly string[], message: string): void {
  const place = expected.findIndex((id, index) => id !== actual[index])
  const at = place === -1 ? expected.length : place
  assert.ok(
    place === -1 && actual.length === expected.length,
    `${message} (Item ${at + 1}: ${JSON.stringify(expected[at])}, then ${JSON.stringify(actual[at])}.)`,
  )
}
