import { encodeCanonical, type ObjectKind, type Store, type StoredObject } from '@manga-federation/core'
import { growLog, hashOf, ISSUED_TS } from './grown-log.ts'
import { CHAPTERS_A_SERIES, madeUpChapter, madeUpSeries } from './made-up-catalog.ts'

/** A series is followed by its chapters. */
const OBJECTS_A_SERIES = 1 + CHAPTERS_A_SERIES

const KEY_ID = 'ed25519:21fe31dfa1'
const PUBLIC_KEY = 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI'

/** As long as a signature, and none: reading looks at no signature. */
const SIGNATURE = 'A'.repeat(86)

/** How many objects a catalog with so many chapters has. */
export function objectsWith(chapters: number): number {
  return chapters + Math.ceil(chapters / CHAPTERS_A_SERIES)
}

/**
 * Fills a store with the made-up catalog of a server, object by object as large as signed ones.
 *
 * Chapters have integers as ids and were published in their order, as a site's own pass does. In the order of text, 9 of
 * 10 neighbors in a listing are neighbors in the log. The ids of series are as good as random, as UUIDs are that were
 * published one by one over the years: a page of them lies all over the log, the worst case.
 */
export function fillWithCatalog(store: Store, serverName: string, chapters: number): Promise<void> {
  return growLog(store, serverName, objectsWith(chapters), (seq) => objectAt(serverName, seq))
}

/** The id of the series at this place of the catalog. */
export function idOfSeries(series: number): string {
  return randomHex(series)
}

/** Where a page of this kind may begin: anywhere in the catalog, as good as random. */
export function somePlace(kind: ObjectKind, number: number): string {
  const hex = randomHex(-1 - number)
  // Every digit as often as any other in front, as in the ids of chapters.
  return kind === 'series' ? hex : String(1e9 + (Number.parseInt(hex.slice(0, 12), 16) % 9e9))
}

function randomHex(number: number): string {
  return Buffer.from(hashOf(Buffer.from(String(number)))).toString('hex', 0, 16)
}

function objectAt(serverName: string, seq: number): StoredObject {
  const series = Math.floor(seq / OBJECTS_A_SERIES)
  const place = seq % OBJECTS_A_SERIES
  const isSeries = place === 0
  const chapter = series * CHAPTERS_A_SERIES + place
  const { metadata } = isSeries ? madeUpSeries(series) : madeUpChapter(chapter - 1)
  const seriesId = isSeries ? undefined : idOfSeries(series)
  const id = isSeries ? idOfSeries(series) : String(chapter)
  const signed = {
    id,
    ...(seriesId === undefined ? {} : { series_id: seriesId }),
    server: serverName,
    metadata,
    revision: 1,
    updated_ts: ISSUED_TS,
    signing_keys: { [KEY_ID]: PUBLIC_KEY },
    signatures: { [KEY_ID]: SIGNATURE },
  }
  const bytes = encodeCanonical(signed)
  return {
    kind: isSeries ? 'series' : 'chapter',
    id,
    seriesId,
    revision: 1,
    updatedTs: ISSUED_TS,
    contentHash: hashOf(bytes),
    locales: '|en|',
    searchText: `night on the road ${id}`,
    bytes,
    seq,
    mirrorOf: undefined,
  }
}
