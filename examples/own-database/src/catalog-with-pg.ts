import type { CatalogRepository } from '@manga-federation/fastify'
import type { Pool } from 'pg'
import { chapterRecord, pageOf, rowId, seriesRecord, type ChapterRow, type MangaRow } from './records.ts'

const MANGA = `
  SELECT m.manga_id, m.author, m.state, m.original_lang,
         ARRAY(SELECT json_build_object('lang', t.lang, 'title', t.title)
               FROM manga_titles t WHERE t.manga_id = m.manga_id ORDER BY t.is_main DESC, t.title_id) AS titles
  FROM manga m
  WHERE m.deleted_at IS NULL`

/** A chapter goes with its manga: when that is deleted, it is not shown either. */
const CHAPTERS = `
  SELECT c.chapter_id, c.manga_id, c.chapter_no, c.chapter_title, c.lang, c.team, c.page_count, c.released_at
  FROM chapters c JOIN manga m ON m.manga_id = c.manga_id
  WHERE c.deleted_at IS NULL AND m.deleted_at IS NULL`

/** The site's catalog as the federation reads it, with the driver `pg`. */
export function catalogWithPg(pool: Pool): CatalogRepository {
  async function rowsOf<Row extends object>(sql: string, values: unknown[]): Promise<Row[]> {
    return (await pool.query<Row>(sql, values)).rows
  }

  return {
    async listSeries({ cursor = '0', limit }) {
      const page = `${MANGA} AND m.manga_id > $1 ORDER BY m.manga_id LIMIT $2`
      return pageOf((await rowsOf<MangaRow>(page, [cursor, limit])).map(seriesRecord), limit)
    },
    async listChapters({ cursor = '0', limit }) {
      const page = `${CHAPTERS} AND c.chapter_id > $1 ORDER BY c.chapter_id LIMIT $2`
      return pageOf((await rowsOf<ChapterRow>(page, [cursor, limit])).map(chapterRecord), limit)
    },
    async getSeries(id) {
      const [row] = await rowsOf<MangaRow>(`${MANGA} AND m.manga_id = $1`, [rowId(id)])
      return row && seriesRecord(row)
    },
    async getChapter(id) {
      const [row] = await rowsOf<ChapterRow>(`${CHAPTERS} AND c.chapter_id = $1`, [rowId(id)])
      return row && chapterRecord(row)
    },
  }
}
