import type { ChapterRecord, SeriesRecord } from '@manga-federation/core'

/** Each series has this many chapters: the mean of real catalogs. */
export const CHAPTERS_A_SERIES = 12

/** Brings a record to about 1 KB, as long descriptions do. */
const DESCRIPTION = 'They set out without knowing where the road ends, and tell of what they find there. '.repeat(8)

/** The series at this place of a catalog that was made up by a fixed rule. */
export function madeUpSeries(index: number): SeriesRecord {
  const title = `The Wanderer's Tale, part ${index}`
  return {
    id: `s${index}`,
    metadata: {
      en: { title, authors: ['Yamada, Hanako'], status: 'ongoing', genres: ['Adventure'], description: DESCRIPTION },
      ja: { title: `旅人の物語 ${index}`, authors: ['山田花子'] },
    },
  }
}

/** The chapter at this place of that catalog; every {@link CHAPTERS_A_SERIES} belong to one series. */
export function madeUpChapter(index: number): ChapterRecord {
  const series = Math.floor(index / CHAPTERS_A_SERIES)
  const chapter = (index % CHAPTERS_A_SERIES) + 1
  return {
    id: `s${series}-${chapter}`,
    seriesId: `s${series}`,
    metadata: {
      en: {
        title: `Night ${chapter} on the road`,
        chapter: String(chapter),
        volume: String(Math.ceil(chapter / 4)),
        groups: [{ name: 'Blue Lantern Scans', url: 'https://lantern.example/' }],
        language: 'en',
        pages: 20 + (index % 17),
        published_at: '2026-01-31T12:00:00Z',
        description: DESCRIPTION,
      },
    },
  }
}
