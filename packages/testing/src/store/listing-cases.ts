import assert from 'node:assert/strict'
import type { CatalogQuery, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { IDS_IN_ORDER, NOW_TS, ORIGIN, OTHER_ORIGIN, bytesOf, chapter, commit, idsOf, series } from './samples.ts'

export const listingCases: readonly Case<Store>[] = [
  {
    name: 'list: a catalog that nothing is known of is empty',
    run: async (store) => {
      assert.deepEqual(await listed(store, {}), [])
      assert.equal(await store.catalog.count(ORIGIN, 'series'), 0)
      assert.equal(await store.catalog.get(ORIGIN, 'series', 'a'), undefined)
      assert.deepEqual(await store.catalog.versions(ORIGIN, 'series', ['a']), new Map())
    },
  },
  {
    name: 'list: ordered by Unicode code point, whatever the order of arrival',
    run: async (store) => {
      const shuffled = IDS_IN_ORDER.map((id, index) => ({ id, place: (index * 7) % IDS_IN_ORDER.length }))
      shuffled.sort((a, b) => a.place - b.place)
      await commit(
        store,
        shuffled.map(({ id }) => series(id)),
      )
      assert.deepEqual(await listed(store, {}), IDS_IN_ORDER)
      assert.deepEqual(await idsOf(store, 'series'), IDS_IN_ORDER)
    },
  },
  {
    name: 'list: a page holds what comes after `afterId`, which need not exist, with its bytes',
    run: async (store) => {
      await commit(
        store,
        ['a', 'b', 'c', 'd'].map((id) => series(id)),
      )
      assert.deepEqual(await listed(store, { afterId: 'b', limit: 1 }), ['c'])
      assert.deepEqual(await listed(store, { afterId: 'bb' }), ['c', 'd'])
      assert.deepEqual(await listed(store, { afterId: 'd' }), [])
      assert.deepEqual(await store.catalog.list({ origin: ORIGIN, kind: 'series', afterId: 'c', limit: 5 }), [
        { id: 'd', bytes: bytesOf('series d') },
      ])
    },
  },
  {
    name: 'list and count: one kind of one origin',
    run: async (store) => {
      await commit(store, [series('a'), chapter('b', 'a'), chapter('c', 'a')])
      await commit(store, [series('x')], [], OTHER_ORIGIN)
      assert.deepEqual(await listed(store, {}), ['a'])
      assert.deepEqual(await listed(store, { kind: 'chapter' }), ['b', 'c'])
      assert.equal(await store.catalog.count(ORIGIN, 'series'), 1)
      assert.equal(await store.catalog.count(ORIGIN, 'chapter'), 2)
      assert.equal(await store.catalog.count(OTHER_ORIGIN, 'chapter'), 0)
    },
  },
  {
    name: 'list: `seriesId` leaves the chapters of that series, in order, in pages',
    run: async (store) => {
      await commit(
        store,
        ['e', 'd', 'c', 'b', 'a'].map((id, index) => chapter(id, index % 2 === 0 ? 's' : 'ss')),
      )
      assert.deepEqual(await listed(store, { kind: 'chapter', seriesId: 's' }), ['a', 'c', 'e'])
      assert.deepEqual(await listed(store, { kind: 'chapter', seriesId: 's', afterId: 'a', limit: 1 }), ['c'])
      assert.deepEqual(await listed(store, { kind: 'chapter', seriesId: 'none' }), [])
    },
  },
  {
    name: 'list: `sinceTs` leaves what changed at that time or later',
    run: async (store) => {
      await commit(
        store,
        [1, 2, 3].map((ms) => series(`s${ms}`, { updatedTs: NOW_TS + ms })),
      )
      assert.deepEqual(await listed(store, { sinceTs: NOW_TS + 2 }), ['s2', 's3'])
      assert.deepEqual(await listed(store, { sinceTs: NOW_TS + 4 }), [])
      assert.deepEqual(await listed(store, { sinceTs: 0, limit: 2 }), ['s1', 's2'])
    },
  },
  ...filterCases('locale', '|pt-br|zh-hant-tw|en|', [
    ['pt-br', true],
    ['pt', true],
    ['zh', true],
    ['zh-hant', true],
    ['en', true],
    ['p', false],
    ['pt-b', false],
    ['br', false],
    ['hant', false],
    ['en-us', false],
    ['%', false],
    ['e_', false],
  ]),
  ...filterCases('search', `tower of god\n100% o'clock_"x" \\ 신의 탑 \u{1f600}`, [
    ['tower', true],
    ['wer of g', true],
    ['의 탑', true],
    ['\u{1f600}', true],
    ['100%', true],
    ["o'clock_", true],
    ['"x" \\', true],
    ['', true],
    ['t%r', false],
    ['tower_of', false],
    ['Tower', false],
    ["' OR 1=1 --", false],
    ['*', false],
  ]),
  {
    name: 'list: all conditions hold together, and the page is filled with what fits',
    run: async (store) => {
      const fits = { locales: '|ja|', searchText: 'x', updatedTs: NOW_TS + 1 }
      await commit(store, [
        ...['a', 'c', 'e', 'g'].map((id) => chapter(id, 's', fits)),
        chapter('b', 's', { ...fits, locales: '|en|' }),
        chapter('d', 's', { ...fits, searchText: 'y' }),
        chapter('f', 's', { ...fits, updatedTs: NOW_TS }),
        chapter('h', 't', fits),
      ])
      const query = { kind: 'chapter', seriesId: 's', locale: 'ja', search: 'x', sinceTs: NOW_TS + 1 } as const
      assert.deepEqual(await listed(store, { ...query, limit: 3 }), ['a', 'c', 'e'])
      assert.deepEqual(await listed(store, { ...query, afterId: 'c' }), ['e', 'g'])
    },
  },
]

async function listed(store: Store, query: Partial<CatalogQuery>): Promise<string[]> {
  const page = await store.catalog.list({ origin: ORIGIN, kind: 'series', limit: 1000, ...query })
  return page.map(({ id }) => id)
}

/** One case for a filter: which values find an object whose field holds `held`. */
function filterCases(
  filter: 'locale' | 'search',
  held: string,
  values: readonly (readonly [value: string, found: boolean])[],
): Case<Store>[] {
  const field = filter === 'locale' ? 'locales' : 'searchText'
  return values.map(([value, found]) => ({
    name: `list: \`${filter}\` ${JSON.stringify(value)} ${found ? 'finds' : 'does not find'} ${JSON.stringify(held)}`,
    run: async (store) => {
      await commit(store, [series('a', { [field]: held }), series('b', { [field]: '' })])
      assert.equal((await listed(store, { [filter]: value })).includes('a'), found)
    },
  }))
}
