import assert from 'node:assert/strict'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { append, logOf } from './log-samples.ts'
import { ORIGIN, OTHER_ORIGIN, bytesOf, chapter, commit, idsOf, series } from './samples.ts'

/** More than a store might clear at one time. */
const MANY = 2500

export const forgetCases: readonly Case<Store>[] = [
  {
    name: 'forget: nothing is known of the catalog any more, and it can begin again',
    run: async (store) => {
      await store.following.put({ serverName: ORIGIN, record: bytesOf('followed') })
      await append(store, [{ put: series('a') }, { put: chapter('c', 'a') }, { put: series('d') }], {
        head: bytesOf('head'),
        withheld: [{ kind: 'series', id: 'w', seq: 1 }],
      })
      await append(store, [{ remove: { kind: 'series', id: 'd' } }])
      await store.catalog.forget(ORIGIN)
      await assertUnknown(store)
      assert.deepEqual(await store.following.get(ORIGIN), bytesOf('followed'))
      assert.equal((await append(store, [{ put: series('z') }])).size, 1)
      assert.deepEqual(await idsOf(store, 'series'), ['z'])
      assert.equal((await store.catalog.versions(ORIGIN, 'series', ['a', 'd', 'z'])).size, 1)
      assert.deepEqual(await store.log.withheld(ORIGIN, 10), [])
      assert.deepEqual(await logOf(store), [['entry 0', 'series z']])
      assert.equal(await store.log.head(ORIGIN), undefined)
    },
  },
  {
    name: 'forget: the catalogs of other origins stay, and one that is not known may be forgotten',
    run: async (store) => {
      await append(store, [{ put: series('a') }], { head: bytesOf('head') })
      await commit(store, [series('a')], [], OTHER_ORIGIN)
      await store.catalog.forget(OTHER_ORIGIN)
      await store.catalog.forget(OTHER_ORIGIN)
      assert.deepEqual(await idsOf(store, 'series', OTHER_ORIGIN), [])
      assert.deepEqual(await logOf(store), [['entry 0', 'series a']])
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('head'))
    },
  },
  {
    name: 'forget: a large catalog is unknown at once, and a new one may grow meanwhile',
    run: async (store) => {
      const ids = Array.from({ length: MANY }, (_, index) => `s${index}`)
      await append(
        store,
        ids.map((id) => ({ put: series(id) })),
      )
      const forgotten = store.catalog.forget(ORIGIN)
      await Promise.race([forgotten, untilUnknown(store)])
      await assertUnknown(store)
      await append(store, [{ put: series('s1', { bytes: bytesOf('new') }) }])
      await forgotten
      assert.deepEqual(await idsOf(store, 'series'), ['s1'])
      assert.deepEqual(await logOf(store), [['entry 0', 'new']])
    },
  },
]

/** A database may answer what is asked later first. */
async function untilUnknown({ catalog }: Store): Promise<void> {
  while ((await catalog.state(ORIGIN)).size > 0) {
    // It is being forgotten.
  }
}

async function assertUnknown(store: Store): Promise<void> {
  assert.deepEqual(await store.catalog.state(ORIGIN), { size: 0, changedTs: 0 })
  for (const kind of ['series', 'chapter'] as const) {
    assert.deepEqual(await store.catalog.list({ origin: ORIGIN, kind, limit: 10 }), [])
    assert.equal((await store.catalog.versions(ORIGIN, kind, ['a', 'c', 'd'])).size, 0)
  }
  assert.deepEqual(await logOf(store), [])
  assert.equal(await store.log.head(ORIGIN), undefined)
  assert.deepEqual(await store.log.withheld(ORIGIN, 10), [])
}
