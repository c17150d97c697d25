import { readFileSync } from 'node:fs'
import type { NewChapter } from './chapter.ts'
import type { NewSeries } from './site-library.ts'

/** A series of the built-in catalog with its chapters. */
export interface BuiltInSeries {
  series: NewSeries
  chapters: NewChapter[]
}

/** A chapter before it has its place in the catalog. */
type Release = Omit<NewChapter, 'seriesId' | 'publishedAt'>

const LAST_RELEASE_MS = Date.UTC(2025, 2, 28, 18)
const WEEK_MS = 7 * 86_400_000
/** Between the last releases of one series and of the next, so that the newest releases are of many series. */
const SERIES_APART_MS = 11 * 3_600_000

const ENGLISH = { language: 'en', group: 'Paper Lantern Scans' } as const
const FRENCH = { language: 'fr', group: 'Le Tram du dimanche' } as const
const SPANISH = { language: 'es', group: 'Tinta de Medianoche' } as const
const GERMAN = { language: 'de', group: 'Papierdrachen' } as const

/** What real catalogs have, one kind a series. All releases and all groups are made up. */
const SPECIAL_RELEASES: Readonly<Record<string, Release[]>> = {
  // Extras between two numbers.
  yotsuba: [
    { ...ENGLISH, number: '1', volume: '1', pages: 38 },
    { ...ENGLISH, number: '2', volume: '1', pages: 24 },
    { ...ENGLISH, number: '2.5', volume: '1', title: 'Extra', pages: 8 },
    { ...ENGLISH, number: '3', volume: '1', pages: 28 },
  ],
  // Two groups on one number, in one language, and a third one in another.
  'one-piece': [
    { ...ENGLISH, number: '1', volume: '1', pages: 53 },
    { ...ENGLISH, number: '2', volume: '1', pages: 23 },
    { language: 'en', group: 'Night Ferry', number: '2', volume: '1', pages: 24 },
    { ...FRENCH, number: '2', volume: '1', pages: 23 },
    { ...ENGLISH, number: '3', volume: '1', pages: 21 },
  ],
  // Numbers that start again in each volume.
  '20th-century-boys': [
    ...numbered(3, { ...ENGLISH, volume: '1' }),
    ...numbered(4, { ...ENGLISH, volume: '2' }),
    ...numbered(2, { ...ENGLISH, volume: '3' }),
  ],
  // One-shots: one chapter without a number.
  'look-back': [{ ...ENGLISH, pages: 142 }],
  'goodbye-eri': [
    { ...ENGLISH, pages: 201 },
    { ...SPANISH, pages: 201 },
  ],
  // A number that nobody released.
  mushishi: numbered(6, ENGLISH).filter((release) => release.number !== '4'),
  'attack-on-titan': [...numbered(8, ENGLISH), ...numbered(5, FRENCH), ...numbered(3, SPANISH)],
  frieren: [...numbered(7, ENGLISH), ...numbered(4, GERMAN)],
}

/** Series without a special kind have this many chapters, by their place in the file. */
const USUAL_COUNTS = [3, 9, 1, 5, 12, 2, 7] as const

/**
 * The catalog that an example site has when nobody gave it another one: real series (facts only), made-up releases.
 */
export function builtInCatalog(): BuiltInSeries[] {
  return readSeries().map((series, place) => {
    const usual = numbered(USUAL_COUNTS[place % USUAL_COUNTS.length] ?? 1, ENGLISH)
    const releases = SPECIAL_RELEASES[series.id] ?? usual
    const lastMs = LAST_RELEASE_MS - place * SERIES_APART_MS
    const chapters = releases.map((release, index) => ({
      ...release,
      seriesId: series.id,
      publishedAt: new Date(lastMs - (releases.length - 1 - index) * WEEK_MS).toISOString(),
    }))
    return { series, chapters }
  })
}

function readSeries(): NewSeries[] {
  const file = readFileSync(new URL('built-in-series.ndjson', import.meta.url), 'utf8')
  return file.trimEnd().split('\n').map(parseSeries)
}

function parseSeries(line: string): NewSeries {
  const series: NewSeries = JSON.parse(line)
  return series
}

/** Releases from number 1 to `last`. */
function numbered(last: number, release: Release): Release[] {
  return Array.from({ length: last }, (_, index) => ({ ...release, number: String(index + 1) }))
}
