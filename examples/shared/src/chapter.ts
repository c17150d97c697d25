import type { SeriesRow } from './site-database.ts'

/** A chapter that the site does not have yet. */
export interface NewChapter {
  seriesId: string
  /** As printed, such as `10.5`; none on a one-shot. */
  number?: string
  volume?: string
  title?: string
  /** The language of this release, as in RFC 5646. */
  language: string
  group?: string
  pages?: number
  /** RFC 3339. */
  publishedAt: string
}

/** Positions of two volumes lie further apart than any two chapters of one volume: numbers have up to five digits. */
const POSITIONS_PER_VOLUME = 1_000_000_000
/** Numbers have up to three decimals. */
const POSITIONS_PER_NUMBER = 1000

/** Where a chapter stands in the reading order of its series; a chapter without a number comes first. */
export function readingPosition(
  chapter: Pick<NewChapter, 'number' | 'volume'>,
  numbering: SeriesRow['numbering'],
): number {
  const withinVolume = Math.round(Number(chapter.number ?? 0) * POSITIONS_PER_NUMBER)
  return numbering === 'by-volume' ? Number(chapter.volume ?? 0) * POSITIONS_PER_VOLUME + withinVolume : withinVolume
}

/** The number that a chapter's id stands for in the database; undefined for text that is no chapter's id. */
export function chapterIdOf(text: string): number | undefined {
  const id = Number(text)
  return Number.isSafeInteger(id) && String(id) === text ? id : undefined
}
