import assert from 'node:assert/strict'
import type { CatalogCommit, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { append, logCommit, logOf } from './log-samples.ts'
import { IDS_IN_ORDER, NOW_TS, ORIGIN, OTHER_ORIGIN, bytesOf, commit, idsOf, series } from './samples.ts'

export const followingCases: readonly Case<Store>[] = [
  {
    name: 'following: what was put is told, by name, until it is deleted',
    run: async ({ following }) => {
      assert.deepEqual(await following.list(), [])
      assert.equal(await following.get(ORIGIN), undefined)
      const names = IDS_IN_ORDER.map((id) => `https://example.com/${id}`)
      for (const serverName of names.toReversed()) await following.put({ serverName, record: bytesOf(serverName) })
      await following.put({ serverName: names[1]!, record: bytesOf('changed') })
      await following.delete(names[0]!)
      await following.delete('https://unknown.example.com')
      const expected = names.slice(1).map((serverName, index) => ({
        serverName,
        record: bytesOf(index === 0 ? 'changed' : serverName),
      }))
      assert.deepEqual(await following.list(), expected)
      assert.equal(await following.get(names[0]!), undefined)
      assert.deepEqual(await following.get(names[1]!), bytesOf('changed'))
    },
  },
  {
    name: 'following: what the caller does to arrays that it gave or got changes nothing in the store',
    run: async ({ following }) => {
      const record = bytesOf('record')
      await following.put({ serverName: ORIGIN, record })
      record.fill(0)
      ;(await following.get(ORIGIN))?.fill(0)
      for (const origin of await following.list()) origin.record.fill(0)
      assert.deepEqual(await following.get(ORIGIN), bytesOf('record'))
    },
  },
  {
    name: 'commit: a follower replaces its record and the catalog together, and the record alone',
    run: async (store) => {
      await store.following.put({ serverName: ORIGIN, record: bytesOf('new') })
      await append(store, [{ put: series('a') }], { following: change('new', 'at 1') })
      assert.deepEqual(await store.following.get(ORIGIN), bytesOf('at 1'))
      const following = change('at 1', 'alone')
      const onlyRecord = { expectedSize: 1, puts: [], deletes: [], changedTs: NOW_TS + 1, following }
      assert.deepEqual(await store.catalog.commit(ORIGIN, onlyRecord), { size: 1, changedTs: NOW_TS })
      assert.deepEqual(await store.following.get(ORIGIN), bytesOf('alone'))
      await append(store, [{ put: series('b') }])
      assert.deepEqual(await store.following.get(ORIGIN), bytesOf('alone'))
    },
  },
  {
    name: 'commit: one that is refused for its size leaves the record as it is',
    run: async (store) => {
      await store.following.put({ serverName: ORIGIN, record: bytesOf('at 1') })
      await commit(store, [series('a')])
      const late = logCommit(0, [{ put: series('b') }], { following: change('at 1', 'late') })
      assert.equal(await store.catalog.commit(ORIGIN, late), undefined)
      assert.deepEqual(await store.following.get(ORIGIN), bytesOf('at 1'))
    },
  },
  {
    name: 'commit: a follower whose record was changed since stores nothing, and the record stays',
    run: async (store) => {
      await store.following.put({ serverName: ORIGIN, record: bytesOf('read') })
      await store.following.put({ serverName: ORIGIN, record: bytesOf('changed') })
      for (const changes of [[{ put: series('a') }], []] as const) {
        const late = logCommit(0, changes, { following: change('read', 'late') })
        assert.equal(await store.catalog.commit(ORIGIN, late), undefined)
      }
      assert.deepEqual(await store.following.get(ORIGIN), bytesOf('changed'))
      assert.deepEqual(await store.catalog.state(ORIGIN), { size: 0, changedTs: 0 })
      await append(store, [{ put: series('a') }], { following: change('changed', 'at 1') })
      const late = logCommit(1, [{ put: series('b') }], { following: change('changed', 'late') })
      assert.equal(await store.catalog.commit(ORIGIN, late), undefined)
      assert.deepEqual(await idsOf(store, 'series'), ['a'])
    },
  },
  {
    name: 'commit: a follower whose origin is not followed any more stores nothing, and the catalog stays',
    run: async (store) => {
      await store.following.put({ serverName: ORIGIN, record: bytesOf('new') })
      await store.following.put({ serverName: OTHER_ORIGIN, record: bytesOf('other') })
      await append(store, [{ put: series('a') }], { following: change('new', 'at 1'), head: bytesOf('head') })
      await store.following.delete(ORIGIN)
      const changes = [{ put: series('b') }, { remove: { kind: 'series', id: 'a' } }] as const
      const late = logCommit(1, changes, { following: change('at 1', 'at 3'), head: bytesOf('late') })
      assert.equal(await store.catalog.commit(ORIGIN, late), undefined)
      assert.equal(await store.following.get(ORIGIN), undefined)
      assert.deepEqual(await store.following.get(OTHER_ORIGIN), bytesOf('other'))
      assert.deepEqual(await idsOf(store, 'series'), ['a'])
      assert.deepEqual(await logOf(store), [['entry 0', 'series a']])
      assert.deepEqual(await store.log.head(ORIGIN), bytesOf('head'))
    },
  },
]

/** What a follower remembered, and what it remembers from now on. */
function change(from: string, to: string): NonNullable<CatalogCommit['following']> {
  return { from: bytesOf(from), to: bytesOf(to) }
}
