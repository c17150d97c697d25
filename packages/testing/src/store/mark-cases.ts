import assert from 'node:assert/strict'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { IDS_IN_ORDER, ORIGIN, OTHER_ORIGIN, chapter, commit, series } from './samples.ts'

export const markCases: readonly Case<Store>[] = [
  {
    name: 'marks: without any, every object is unmarked, in order',
    run: async (store) => {
      await commit(
        store,
        IDS_IN_ORDER.map((id) => series(id)),
      )
      assert.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'series'), IDS_IN_ORDER.length)
      assert.deepEqual(
        await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: undefined, limit: 1000 }),
        IDS_IN_ORDER,
      )
      const [, second] = IDS_IN_ORDER
      assert.deepEqual(
        await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: undefined, limit: 2 }),
        IDS_IN_ORDER.slice(0, 2),
      )
      assert.deepEqual(
        await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: second, limit: 3 }),
        IDS_IN_ORDER.slice(2, 5),
      )
    },
  },
  {
    name: 'marks: a marked id is no longer unmarked; ids that the catalog does not have do not count',
    run: async (store) => {
      await commit(
        store,
        ['a', 'b', 'c'].map((id) => series(id)),
      )
      assert.deepEqual(await store.catalog.mark('pass', 'series', ['b', 'new']), [])
      assert.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'series'), 2)
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: undefined, limit: 10 }), [
        'a',
        'c',
      ])
    },
  },
  {
    name: 'marks: an id marked before, or twice in one call, is told',
    run: async (store) => {
      assert.deepEqual(await store.catalog.mark('pass', 'series', ['a', 'b']), [])
      assert.deepEqual((await store.catalog.mark('pass', 'series', ['c', 'b', 'd', 'c'])).sort(), ['b', 'c'])
    },
  },
  {
    name: 'marks: passes, kinds and origins are apart',
    run: async (store) => {
      await commit(store, [series('a'), chapter('a', 'a')])
      await commit(store, [series('b')], [], OTHER_ORIGIN)
      await store.catalog.mark('pass', 'series', ['a'])
      assert.deepEqual(await store.catalog.mark('other pass', 'series', ['a']), [])
      assert.deepEqual(
        await store.catalog.listUnmarked('third pass', ORIGIN, 'series', { afterId: undefined, limit: 10 }),
        ['a'],
      )
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'chapter', { afterId: undefined, limit: 10 }), [
        'a',
      ])
      assert.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'series'), 0)
      assert.equal(await store.catalog.countUnmarked('pass', OTHER_ORIGIN, 'series'), 1)
    },
  },
  {
    name: 'marks: the end of a pass forgets its marks and no others',
    run: async (store) => {
      await commit(store, [series('a'), chapter('a', 'a')])
      for (const pass of ['pass', 'other']) {
        await store.catalog.mark(pass, 'series', ['a'])
        await store.catalog.mark(pass, 'chapter', ['a'])
      }
      await store.catalog.endPass('pass')
      await store.catalog.endPass('never begun')
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: undefined, limit: 10 }), [
        'a',
      ])
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'chapter', { afterId: undefined, limit: 10 }), [
        'a',
      ])
      assert.equal(await store.catalog.countUnmarked('other', ORIGIN, 'series'), 0)
      assert.deepEqual(await store.catalog.mark('pass', 'series', ['a']), [])
    },
  },
  {
    name: 'marks: what is put or deleted during a pass counts as it is now',
    run: async (store) => {
      await commit(store, [series('a'), series('b')])
      await store.catalog.mark('pass', 'series', ['a'])
      await commit(store, [series('c')], [{ kind: 'series', id: 'b' }])
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: undefined, limit: 10 }), [
        'c',
      ])
    },
  },
  {
    name: 'marks: what republishes the object of another server is never unmarked',
    run: async (store) => {
      await commit(store, [series('a'), series('b', { mirrorOf: OTHER_ORIGIN }), series('c'), series('d')])
      assert.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'series'), 3)
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: 'a', limit: 2 }), [
        'c',
        'd',
      ])
      await commit(store, [series('b'), series('c', { mirrorOf: OTHER_ORIGIN })])
      assert.deepEqual(await store.catalog.listUnmarked('pass', ORIGIN, 'series', { afterId: 'a', limit: 2 }), [
        'b',
        'd',
      ])
    },
  },
  {
    name: 'marks: a thousand ids at once',
    run: async (store) => {
      const ids = Array.from({ length: 1000 }, (_, index) => `md${index}`)
      await commit(
        store,
        ids.map((id) => series(id)),
      )
      assert.deepEqual(await store.catalog.mark('pass', 'series', ids.slice(1)), [])
      assert.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'series'), 1)
      assert.deepEqual((await store.catalog.mark('pass', 'series', ids)).sort(), ids.slice(1).sort())
    },
  },
]
