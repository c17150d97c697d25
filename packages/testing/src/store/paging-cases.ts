import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { bytesOf, commit, series } from './samples.ts'

/** Enough to meet each pair of a write and a page edge, few enough for a database over a network. */
const RUNS = 25

const IDS = ['', '0', 'a', 'b', '\ufb33', '\u{1f600}'].flatMap((first) => ['x', 'y', 'z'].map((last) => first + last))

/** One write between two pages. */
const write = fc.record({ put: fc.subarray(IDS, { maxLength: 4 }), remove: fc.subarray(IDS, { maxLength: 4 }) })

export const pagingCases: readonly Case<Store>[] = [
  {
    name: 'list: pages read while others write are in order, repeat nothing, and miss nothing that was there all along',
    run: (store) => {
      let pass = 0
      return fc.assert(
        fc.asyncProperty(fc.subarray(IDS), fc.array(write, { maxLength: 12 }), fc.nat(3), (before, writes, extra) =>
          readWhileWriting(store, `https://site-${pass++}.example.com/v1`, before, writes, extra + 1),
        ),
        { numRuns: RUNS },
      )
    },
  },
]

/** Reads the listing in pages of `limit`, with one write before each page. */
async function readWhileWriting(
  store: Store,
  origin: string,
  before: readonly string[],
  writes: readonly { put: readonly string[]; remove: readonly string[] }[],
  limit: number,
): Promise<void> {
  await commit(
    store,
    before.map((id) => series(id)),
    [],
    origin,
  )
  const throughout = new Set(before)
  const ever = new Set(before)
  const present = new Set(before)
  const seen: string[] = []
  for (let page = 0; ; page++) {
    const { put, remove } = writes[page] ?? { put: [], remove: [] }
    const removed = remove.filter((id) => present.has(id) && !put.includes(id))
    await commit(
      store,
      put.map((id) => series(id)),
      removed.map((id) => ({ kind: 'series', id })),
      origin,
    )
    for (const id of put) {
      ever.add(id)
      present.add(id)
    }
    for (const id of removed) {
      throughout.delete(id)
      present.delete(id)
    }

    const items = await store.catalog.list({ origin, kind: 'series', afterId: seen.at(-1), limit })
    for (const { id, bytes } of items) assert.deepEqual(bytes, bytesOf(`series ${id}`))
    seen.push(...items.map(({ id }) => id))
    if (items.length < limit) break
  }
  assert.deepEqual(seen, [...new Set(seen)].sort(byUtf8), 'the pages are not in the order of code points')
  assert.ok(
    [...throughout].every((id) => seen.includes(id)),
    'an object that was there all along is on no page',
  )
  assert.ok(
    seen.every((id) => ever.has(id)),
    'an object that was never there is on a page',
  )
}

/** The order of code points, by the definition of UTF-8. */
function byUtf8(a: string, b: string): number {
  return Buffer.compare(bytesOf(a), bytesOf(b))
}
