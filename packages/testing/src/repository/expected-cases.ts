import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { describeCall, itemsOf, pagesOf, type Listing } from './listing.ts'

const LARGEST_LIMIT = 1000

/** What only the site can tell of its listing: skipped where it does not. */
export function expectedCases({ expected, kind }: Listing): Case<Listing>[] {
  const name = kind === 'series' ? 'series' : 'chapters'
  return [
    {
      name: 'what is gone is neither listed nor found',
      skip: expected.gone === undefined ? `name some in the suite’s option gone: { ${name}: […] }` : undefined,
      run: requireGone,
    },
    {
      name: 'all that the site shows is listed',
      skip: expected.count === undefined ? `say how many in the suite’s option counts: { ${name}: … }` : undefined,
      run: requireCount,
    },
  ]
}

async function requireGone(listing: Listing): Promise<void> {
  const gone = new Set(listing.expected.gone)
  for (const id of gone) {
    const found = await listing.get(id)
    assert.ok(
      found === undefined || found === null,
      `${describeCall(listing.getMethod, id)} finds what is gone. Your look-up needs the conditions of your listing ` +
        '(WHERE deleted_at IS NULL, on a chapter’s series too): the federation asks it before it removes anything.',
    )
  }
  for await (const { id } of itemsOf(listing, LARGEST_LIMIT)) {
    assert.ok(
      !gone.has(id),
      `${listing.listMethod} shows ${JSON.stringify(id)}, which is gone. Leave out what is deleted or hidden ` +
        '(WHERE deleted_at IS NULL), and the chapters of such series.',
    )
  }
}

async function requireCount(listing: Listing): Promise<void> {
  const { count = 0 } = listing.expected
  let listed = 0
  for await (const page of pagesOf(listing, LARGEST_LIMIT, count + 1)) listed += page.length
  assert.ok(
    listed <= count,
    `${listing.listMethod} shows more records than the site, which shows ${count}. Look for a join that repeats rows, and ` +
      'for conditions that only the site’s own pages have.',
  )
  assert.ok(
    listed >= count,
    `${listing.listMethod} shows ${listed} records, but the site ${count}. Look for a join that drops rows (for series ` +
      'without a title or an author: LEFT JOIN), and for conditions that the site’s own pages do not have.',
  )
}
