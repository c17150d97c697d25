import type { CatalogRepository, ChapterRecord, SeriesMetadata, SeriesRecord } from '@manga-federation/core'
import { chapterIdOf } from './chapter.ts'
import { list, textByKey, type ChapterRow, type SeriesRow } from './site-database.ts'
import type { Database } from './sqlite.ts'

/** The site's catalog as the federation reads it: four functions over the tables that the site has anyway. */
export function siteCatalog(database: Database): CatalogRepository {
  const seriesPage = database.prepare<SeriesRow>('SELECT * FROM series WHERE id > ? ORDER BY id LIMIT ?')
  const chapterPage = database.prepare<ChapterRow>('SELECT * FROM chapters WHERE id > ? ORDER BY id LIMIT ?')
  const oneSeries = database.prepare<SeriesRow>('SELECT * FROM series WHERE id = ?')
  const oneChapter = database.prepare<ChapterRow>('SELECT * FROM chapters WHERE id = ?')

  return {
    async listSeries({ cursor = '', limit }) {
      return pageOf(seriesPage.all(cursor, limit).map(toSeriesRecord), limit)
    },
    async listChapters({ cursor = '0', limit }) {
      return pageOf(chapterPage.all(Number(cursor), limit).map(toChapterRecord), limit)
    },
    async getSeries(id) {
      const row = oneSeries.get(id)
      return row && toSeriesRecord(row)
    },
    async getChapter(id) {
      const row = oneChapter.get(chapterIdOf(id) ?? null)
      return row && toChapterRecord(row)
    },
  }
}

/** Rows come ordered by id, so the last id of a full page says where the next one starts. */
function pageOf<T extends { id: string }>(items: T[], limit: number): { items: T[]; next?: string } {
  const last = items.at(-1)
  return last && items.length === limit ? { items, next: last.id } : { items }
}

function toSeriesRecord(row: SeriesRow): SeriesRecord {
  const { status, original_language, mangaupdates, myanimelist } = row
  const facts = {
    ...(row.alternative_titles && { 'alternative-titles': list(row.alternative_titles) }),
    ...(row.authors && { authors: list(row.authors) }),
    ...(row.artists && { artists: list(row.artists) }),
    ...(row.genres && { genres: list(row.genres) }),
    ...(row.tags && { tags: list(row.tags) }),
    ...(row.links && { links: textByKey(row.links) }),
    ...(status && { status }),
    ...(original_language && { original_language }),
    ...(mangaupdates && { mangaupdates }),
    ...(myanimelist && { myanimelist }),
  }
  const metadata: Record<string, SeriesMetadata> = {}
  for (const [language, title] of Object.entries(textByKey(row.titles))) metadata[language] = { title, ...facts }
  return { id: row.id, metadata }
}

function toChapterRecord(row: ChapterRow): ChapterRecord {
  const { number, volume, language, release_group, pages, published_at } = row
  const title = row.title ?? (number === null ? 'One-shot' : undefined)
  return {
    id: String(row.id),
    seriesId: row.series_id,
    metadata: {
      [language]: {
        sort_id: row.position,
        language,
        published_at,
        ...(title && { title }),
        ...(number && { chapter: number }),
        ...(volume && { volume }),
        ...(release_group && { groups: [{ name: release_group }] }),
        ...(pages && { pages }),
      },
    },
  }
}
