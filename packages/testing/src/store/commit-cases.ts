import assert from 'node:assert/strict'
import type { KnownVersion, Store, StoredObject } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { IDS_IN_ORDER, NOW_TS, ORIGIN, OTHER_ORIGIN, bytesOf, chapter, commit, idsOf, series } from './samples.ts'

export const commitCases: readonly Case<Store>[] = [
  {
    name: 'state: a catalog that nothing is known of has size 0 and never changed',
    run: async (store) => assert.deepEqual(await store.catalog.state(ORIGIN), { size: 0, changedTs: 0 }),
  },
  {
    name: 'commit: the size counts every object put and deleted, and never falls',
    run: async (store) => {
      assert.deepEqual(await commit(store, [series('a'), chapter('a', 'a')]), { size: 2, changedTs: NOW_TS })
      assert.equal((await commit(store, [series('a', { revision: 2 })])).size, 3)
      assert.equal((await commit(store, [], [{ kind: 'series', id: 'a' }])).size, 4)
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 4, changedTs: NOW_TS })
    },
  },
  {
    name: 'commit: one without changes leaves the state as it is',
    run: async (store) => {
      await commit(store, [series('a')])
      const changes = { expectedSize: 1, puts: [], deletes: [], changedTs: NOW_TS + 1 }
      assert.deepEqual(await store.catalog.commit(ORIGIN, changes), { size: 1, changedTs: NOW_TS })
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 1, changedTs: NOW_TS })
    },
  },
  {
    name: 'commit: with another expected size nothing is stored',
    run: async (store) => {
      await commit(store, [series('a')])
      for (const expectedSize of [0, 2]) {
        const deletes = [{ kind: 'series', id: 'a' }] as const
        const refused = { expectedSize, puts: [series('b')], deletes, changedTs: NOW_TS + 1 }
        assert.equal(await store.catalog.commit(ORIGIN, refused), undefined)
      }
      assert.deepEqual(await idsOf(store, 'series'), ['a'])
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 1, changedTs: NOW_TS })
    },
  },
  {
    name: 'commit: a put replaces every field of the object of that kind and id',
    run: async (store) => {
      await commit(store, [chapter('c', 's'), series('c')])
      const changed = chapter('c', 't', {
        revision: 2,
        updatedTs: NOW_TS + 5,
        contentHash: new Uint8Array(32).fill(9),
        locales: '|ja|',
        searchText: '神之塔',
        bytes: bytesOf('changed'),
      })
      await commit(store, [changed])
      const ask = { origin: ORIGIN, kind: 'chapter', limit: 10 } as const
      const found = [{ id: 'c', bytes: bytesOf('changed') }]
      const filters = { seriesId: 't', sinceTs: NOW_TS + 5, locale: 'ja', search: '之塔' }
      assert.deepEqual(await store.catalog.list({ ...ask, ...filters }), found)
      assert.deepEqual(await store.catalog.list({ ...ask, seriesId: 's' }), [])
      assert.deepEqual(
        await store.catalog.versions(ORIGIN, 'chapter', ['c']),
        new Map([['c', { revision: 2, contentHash: new Uint8Array(32).fill(9) }]]),
      )
      assert.equal(await store.catalog.count(ORIGIN, 'chapter'), 1)
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'c'), bytesOf('series c'))
    },
  },
  {
    name: 'commit: a delete takes away the object of that kind and id and no other',
    run: async (store) => {
      await commit(store, [series('a'), series('b'), chapter('a', 'a')])
      await commit(store, [series('c')], [{ kind: 'series', id: 'a' }])
      assert.deepEqual(await idsOf(store, 'series'), ['b', 'c'])
      assert.deepEqual(await idsOf(store, 'chapter'), ['a'])
      assert.equal(await store.catalog.get(ORIGIN, 'series', 'a'), undefined)
    },
  },
  {
    name: 'versions: a deleted id keeps its last revision, without a content hash, until it is put again',
    run: async (store) => {
      const versionOfA = async (): Promise<KnownVersion | undefined> =>
        (await store.catalog.versions(ORIGIN, 'series', ['a', 'never there'])).get('a')
      await commit(store, [series('a', { revision: 3 }), chapter('a', 'a')])
      for (const revision of [3, 4]) {
        await commit(store, [], [{ kind: 'series', id: 'a' }])
        assert.deepEqual(await versionOfA(), { revision, contentHash: undefined })
        await commit(store, [series('a', { revision: revision + 1 })])
        assert.deepEqual(await versionOfA(), versionOf(series('a', { revision: revision + 1 })))
      }
      assert.equal((await store.catalog.versions(ORIGIN, 'chapter', ['a'])).get('a')?.revision, 1)
      assert.equal((await store.catalog.versions(OTHER_ORIGIN, 'series', ['a'])).size, 0)
    },
  },
  {
    name: 'commit: the catalogs of two origins know nothing of each other',
    run: async (store) => {
      await commit(store, [series('a')])
      await commit(store, [series('a', { bytes: bytesOf('theirs') }), series('b')], [], OTHER_ORIGIN)
      await commit(store, [], [{ kind: 'series', id: 'b' }])
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'a'), bytesOf('series a'))
      assert.deepEqual(await store.catalog.get(OTHER_ORIGIN, 'series', 'a'), bytesOf('theirs'))
      assert.deepEqual(await idsOf(store, 'series', OTHER_ORIGIN), ['a', 'b'])
      assert.equal((await store.catalog.state(OTHER_ORIGIN)).size, 2)
    },
  },
  {
    name: 'commit: one that fails half way stores nothing',
    run: async (store) => {
      await commit(store, [series('a')])
      const impossible = { ...series('c'), bytes: null as unknown as Uint8Array }
      const deletes = [{ kind: 'series', id: 'a' }] as const
      const changes = { expectedSize: 1, puts: [series('b'), impossible], deletes, changedTs: NOW_TS + 1 }
      await assert.rejects(store.catalog.commit(ORIGIN, changes), 'commit() stored an object whose bytes are null')
      assert.deepEqual(await idsOf(store, 'series'), ['a'])
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 1, changedTs: NOW_TS })
      assert.equal((await commit(store, [series('b')])).size, 2)
    },
  },
  {
    name: 'commit and versions: a thousand objects at once, of 64 KiB and of no bytes too',
    run: async (store) => {
      const ids = Array.from({ length: 1000 }, (_, index) => `md${index}`)
      const large = new Uint8Array(64 * 1024).map((_, index) => index % 251)
      const puts = ids.map((id, index) => series(id, { revision: index + 1 }))
      puts[0] = series('md0', { bytes: large })
      puts[1] = series('md1', { bytes: new Uint8Array() })
      assert.equal((await commit(store, puts)).size, 1000)
      const versions = await store.catalog.versions(ORIGIN, 'series', [...ids.slice(1), 'none'])
      assert.equal(versions.size, 999)
      assert.equal(versions.get('md999')?.revision, 1000)
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'md0'), large)
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'md1'), new Uint8Array())
      assert.equal((await store.catalog.list({ origin: ORIGIN, kind: 'series', limit: 1000 })).length, 1000)
    },
  },
  {
    name: 'commit: ids, numbers and texts come back as they were given',
    run: async (store) => {
      const puts = IDS_IN_ORDER.map((id) => series(id, { revision: Number.MAX_SAFE_INTEGER }))
      await commit(store, puts)
      const versions = await store.catalog.versions(ORIGIN, 'series', IDS_IN_ORDER)
      assert.deepEqual([...versions.keys()].sort(), [...IDS_IN_ORDER].sort())
      for (const { revision } of versions.values()) assert.equal(revision, Number.MAX_SAFE_INTEGER)
      for (const id of IDS_IN_ORDER) {
        assert.deepEqual(await store.catalog.get(ORIGIN, 'series', id), bytesOf(`series ${id}`), `get('${id}')`)
      }
    },
  },
  {
    name: 'bytes: what the caller does to arrays that it gave or got changes nothing in the store',
    run: async (store) => {
      const given = series('a')
      await commit(store, [given])
      given.bytes.fill(0)
      given.contentHash.fill(0)
      const spoil = async (): Promise<void> => {
        ;(await store.catalog.get(ORIGIN, 'series', 'a'))?.fill(0)
        for (const { bytes } of await store.catalog.list({ origin: ORIGIN, kind: 'series', limit: 1 })) bytes.fill(0)
        for (const { contentHash } of (await store.catalog.versions(ORIGIN, 'series', ['a'])).values()) {
          contentHash?.fill(0)
        }
      }
      await spoil()
      assert.deepEqual(await store.catalog.get(ORIGIN, 'series', 'a'), bytesOf('series a'))
      assert.deepEqual(await store.catalog.versions(ORIGIN, 'series', ['a']), new Map([['a', versionOf(series('a'))]]))
    },
  },
]

function versionOf({ revision, contentHash }: StoredObject): KnownVersion {
  return { revision, contentHash }
}
