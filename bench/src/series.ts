import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { SeriesRecord } from '@manga-federation/core'

/** A real catalog that may lie beside the project: one JSON object a line. */
const REAL_CATALOG = new URL('../../../shared/data/manga-series.ndjson.gz', import.meta.url)

interface CatalogLine {
  readonly id: string
  readonly title: string
  readonly alternative_titles?: readonly string[]
  readonly authors?: readonly string[]
  readonly genre?: readonly string[]
  readonly languages?: readonly string[]
  readonly format?: readonly string[]
  readonly demographic?: readonly string[]
  /** Whatever else a line has is the series' id in another catalog. */
  readonly [link: string]: unknown
}

/** Records of series as a site has them, about 1 KB each; from the real catalog where it is there, else made up. */
export function seriesRecords(count: number): { records: SeriesRecord[]; source: string } {
  return existsSync(REAL_CATALOG)
    ? { records: realLines(count).map(seriesRecord), source: 'a real catalog' }
    : {
        records: Array.from({ length: count }, (_, index) => seriesRecord(madeUpLine(index))),
        source: 'made-up series',
      }
}

/** The same series as objects, complete but for their signatures. */
export function seriesObjects(count: number): { objects: object[]; source: string } {
  const { records, source } = seriesRecords(count)
  return { objects: records.map(seriesObject), source }
}

function realLines(count: number): CatalogLine[] {
  const lines = gunzipSync(readFileSync(REAL_CATALOG)).toString().split('\n', count)
  return lines.map((line) => JSON.parse(line) as CatalogLine)
}

function madeUpLine(index: number): CatalogLine {
  return {
    id: `s${index}`,
    title: `The Wanderer's Tale, part ${index}`,
    alternative_titles: [`旅人の物語 ${index}`, `Tabibito no Monogatari ${index}`, `여행자 이야기 ${index}`],
    authors: ['Yamada, Hanako', 'Suzuki, Tarou'],
    genre: ['Adventure', 'Comedy', 'Drama', 'Slice of Life'],
    mangaupdates: String(10_000 + index),
    anilist: String(30_000 + index),
  }
}

function seriesRecord(line: CatalogLine): SeriesRecord {
  const {
    id,
    title,
    alternative_titles: alternativeTitles = [],
    authors = [],
    genre = [],
    format = [],
    demographic = [],
    languages: _,
    ...links
  } = line
  const metadata = {
    title,
    'alternative-titles': [...alternativeTitles],
    authors: [...authors],
    artists: [...authors],
    status: 'ongoing' as const,
    genres: [...genre],
    tags: [...format, ...demographic],
    original_language: 'ja',
    reading_direction: 'rtl' as const,
    content_rating: 'safe' as const,
    links: links as Record<string, string>,
    description: `${title} tells of people who set out without knowing where the road ends, and of what they find there.`,
  }
  return { id, metadata: { en: metadata, ja: { title: alternativeTitles.at(-1) ?? title, authors: [...authors] } } }
}

function seriesObject({ id, metadata }: SeriesRecord): object {
  return {
    id,
    server: 'https://manga.example.com/v1',
    metadata,
    revision: 1,
    updated_ts: 1_767_225_600_000,
    signing_keys: { 'ed25519:21fe31dfa1': 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI' },
  }
}
