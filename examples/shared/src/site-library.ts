import { readingPosition, type NewChapter } from './chapter.ts'
import type { ChapterRow, SeriesRow, SeriesStatus } from './site-database.ts'
import type { Database } from './sqlite.ts'

/** A series that the site does not have yet. */
export interface NewSeries {
  id: string
  /** By language, RFC 5646; the site's pages show the English one, or else the first. */
  titles: Record<string, string>
  alternativeTitles?: string[]
  authors?: string[]
  artists?: string[]
  status?: SeriesStatus
  originalLanguage?: string
  genres?: string[]
  tags?: string[]
  mangaupdates?: string
  myanimelist?: string
  /** By MangaDex's keys: `al`, `ap`, `kt`. */
  links?: Record<string, string>
  /** Whether chapters start again at 1 in each volume; by default they do not. */
  numbering?: SeriesRow['numbering']
}

/** What a list of series shows of one. */
export type SeriesListing = Pick<SeriesRow, 'id' | 'title' | 'titles' | 'authors' | 'status' | 'original_language'> & {
  chapters: number
}

/** Which part of a list to return; the first item is number 0. */
export interface Slice {
  offset: number
  limit: number
}

/** What the site's own pages ask of its database, and the changes that its editors make. */
export interface SiteLibrary {
  countSeries(search: string): number
  /** Series with `search` in one of their titles, by title. */
  listSeries(search: string, slice: Slice): SeriesListing[]
  findSeries(id: string): SeriesRow | undefined
  /** @returns whether it was added; false if the site has a series of that id. */
  addSeries(series: NewSeries): boolean
  countChapters(seriesId: string): number
  /** In reading order. */
  listChapters(seriesId: string, slice: Slice): ChapterRow[]
  findChapter(id: number): ChapterRow | undefined
  /** @returns the new chapter's id. */
  addChapter(chapter: NewChapter, numbering: SeriesRow['numbering']): number
  removeChapter(id: number): void
}

/** Takes what to search for as its one parameter. */
const MATCHING_SERIES = `
  FROM series CROSS JOIN (SELECT lower(?) AS search)
  WHERE search = '' OR EXISTS (
    SELECT 1 FROM json_each(titles) WHERE instr(lower(value), search) > 0
    UNION ALL
    SELECT 1 FROM json_each(coalesce(alternative_titles, '[]')) WHERE instr(lower(value), search) > 0
  )`

/** The site's library over its database. */
export function siteLibrary(database: Database): SiteLibrary {
  const seriesCount = database.prepare<{ count: number }>(`SELECT count(*) AS count ${MATCHING_SERIES}`)
  const seriesList = database.prepare<SeriesListing>(`
    SELECT id, title, titles, authors, status, original_language,
      (SELECT count(*) FROM chapters WHERE series_id = series.id) AS chapters
    ${MATCHING_SERIES} ORDER BY title, id LIMIT ? OFFSET ?`)
  const oneSeries = database.prepare<SeriesRow>('SELECT * FROM series WHERE id = ?')
  const newSeries = database.prepare(`INSERT OR IGNORE INTO series VALUES (${Array(14).fill('?').join(', ')})`)

  const chapterCount = database.prepare<{ count: number }>('SELECT count(*) AS count FROM chapters WHERE series_id = ?')
  const chapterList = database.prepare<ChapterRow>(
    'SELECT * FROM chapters WHERE series_id = ? ORDER BY position, id LIMIT ? OFFSET ?',
  )
  const oneChapter = database.prepare<ChapterRow>('SELECT * FROM chapters WHERE id = ?')
  const newChapter = database.prepare(`
    INSERT INTO chapters (series_id, number, volume, title, language, release_group, pages, published_at, position)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const oldChapter = database.prepare('DELETE FROM chapters WHERE id = ?')

  return {
    countSeries: (search) => seriesCount.get(search)?.count ?? 0,
    listSeries: (search, { offset, limit }) => seriesList.all(search, limit, offset),
    findSeries: (id) => oneSeries.get(id),
    addSeries(series) {
      const { changes } = newSeries.run(
        series.id,
        series.titles['en'] ?? Object.values(series.titles)[0] ?? series.id,
        JSON.stringify(series.titles),
        jsonOrNull(series.alternativeTitles),
        jsonOrNull(series.authors),
        jsonOrNull(series.artists),
        series.status ?? null,
        series.originalLanguage ?? null,
        jsonOrNull(series.genres),
        jsonOrNull(series.tags),
        series.mangaupdates ?? null,
        series.myanimelist ?? null,
        jsonOrNull(series.links),
        series.numbering ?? 'continuous',
      )
      return Number(changes) === 1
    },
    countChapters: (seriesId) => chapterCount.get(seriesId)?.count ?? 0,
    listChapters: (seriesId, { offset, limit }) => chapterList.all(seriesId, limit, offset),
    findChapter: (id) => oneChapter.get(id),
    addChapter(chapter, numbering) {
      const { lastInsertRowid } = newChapter.run(
        chapter.seriesId,
        chapter.number ?? null,
        chapter.volume ?? null,
        chapter.title ?? null,
        chapter.language,
        chapter.group ?? null,
        chapter.pages ?? null,
        chapter.publishedAt,
        readingPosition(chapter, numbering),
      )
      return Number(lastInsertRowid)
    },
    removeChapter(id) {
      oldChapter.run(id)
    },
  }
}

/** JSON for a column; NULL for what is missing or empty. */
function jsonOrNull(value: string[] | Record<string, string> | undefined): string | null {
  return value && Object.keys(value).length > 0 ? JSON.stringify(value) : null
}
