import assert from 'node:assert/strict'
import type { Store, WithheldBody } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { append } from './log-samples.ts'
import { ORIGIN, OTHER_ORIGIN, chapter, series } from './samples.ts'

export const withheldCases: readonly Case<Store>[] = [
  {
    name: 'withheld: those of the commits are told by their entries, at most `limit`',
    run: async (store) => {
      assert.deepEqual(await store.log.withheld(ORIGIN, 10), [])
      await withhold(store, ['c', 'b', 'a'])
      assert.deepEqual(await store.log.withheld(ORIGIN, 10), [seriesAt('c', 0), seriesAt('b', 1), seriesAt('a', 2)])
      assert.deepEqual(await store.log.withheld(ORIGIN, 2), [seriesAt('c', 0), seriesAt('b', 1)])
      assert.deepEqual(await store.log.withheld(OTHER_ORIGIN, 10), [])
    },
  },
  {
    name: 'withheld: a later put or delete of the object ends it, and nothing else does',
    run: async (store) => {
      await withhold(store, ['a', 'b', 'c'])
      await append(store, [{ put: chapter('a', 'a') }, { put: series('d') }])
      await append(store, [{ put: series('b') }], { origin: OTHER_ORIGIN })
      assert.equal((await store.log.withheld(ORIGIN, 10)).length, 3)
      await append(store, [{ put: series('a') }])
      await append(store, [{ remove: { kind: 'series', id: 'c' } }])
      assert.deepEqual(await store.log.withheld(ORIGIN, 10), [seriesAt('b', 1)])
    },
  },
  {
    name: 'withheld: of two entries of one object the later one counts',
    run: async (store) => {
      await withhold(store, ['a', 'b'])
      await withhold(store, ['a'])
      assert.deepEqual(await store.log.withheld(ORIGIN, 10), [seriesAt('b', 1), seriesAt('a', 2)])
    },
  },
]

function seriesAt(id: string, seq: number): WithheldBody {
  return { kind: 'series', id, seq }
}

/** Appends an entry without a body for each series. */
async function withhold(store: Store, ids: readonly string[]): Promise<void> {
  const { size } = await store.catalog.state(ORIGIN)
  const withheld = ids.map((id, index) => seriesAt(id, size + index))
  await append(
    store,
    withheld.map((body) => ({ omit: body })),
    { withheld },
  )
}
