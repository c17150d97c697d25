import assert from 'node:assert/strict'
import type { CatalogCommit, CatalogState, ObjectKind, Store, StoredObject } from '@manga-federation/core'

export const ORIGIN = 'https://manga.example.com/v1'
export const OTHER_ORIGIN = 'https://mirror.example.org/v1'
export const NOW_TS = 1_780_000_000_000

const utf8 = new TextEncoder()

/** A stored series, with plausible values where a case does not care. */
export function series(id: string, differing: Partial<StoredObject> = {}): StoredObject {
  return {
    kind: 'series',
    id,
    seriesId: undefined,
    revision: 1,
    updatedTs: NOW_TS,
    contentHash: new Uint8Array(32).fill(7),
    locales: '|en|',
    searchText: 'tower of god',
    bytes: bytesOf(`series ${id}`),
    seq: undefined,
    mirrorOf: undefined,
    ...differing,
  }
}

/** A stored chapter of the series `seriesId`. */
export function chapter(id: string, seriesId: string, differing: Partial<StoredObject> = {}): StoredObject {
  return series(id, { kind: 'chapter', seriesId, bytes: bytesOf(`chapter ${id}`), ...differing })
}

export function bytesOf(text: string): Uint8Array {
  return utf8.encode(text)
}

/** Ids that sort in this order by code point. UTF-16 units, numbers, locales and case folding order them otherwise. */
export const IDS_IN_ORDER: readonly string[] = [
  ' ',
  '  ',
  '!',
  '%',
  "'",
  '-1',
  '0',
  '00',
  '1',
  '10',
  '1e3',
  '2',
  'A',
  'B',
  '_',
  '__proto__',
  'a',
  'a b',
  'aa',
  'b',
  'constructor',
  'z',
  '\u00e9',
  'ü',
  'ー',
  '神之塔',
  '신의 탑',
  '\ufb33',
  '\uffee',
  '\u{1f600}',
  '\u{1f600}a',
]

/** Commits to the catalog's present size, and fails when the store refuses. */
export async function commit(
  store: Store,
  puts: readonly StoredObject[],
  deletes: CatalogCommit['deletes'] = [],
  origin: string = ORIGIN,
): Promise<CatalogState> {
  const { size } = await store.catalog.state(origin)
  const state = await store.catalog.commit(origin, { expectedSize: size, puts, deletes, changedTs: NOW_TS })
  assert.ok(state, 'commit() with the present size as expectedSize returned undefined, though no one else wrote')
  return state
}

/** The ids of the whole listing, read in pages. */
export async function idsOf(store: Store, kind: ObjectKind, origin: string = ORIGIN): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const page = await store.catalog.list({ origin, kind, afterId: ids.at(-1), limit: 3 })
    if (page.length === 0) return ids
    ids.push(...page.map(({ id }) => id))
  }
}
