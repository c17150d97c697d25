import type { CatalogRepository } from '@manga-federation/fastify'
import { and, asc, desc, eq, getTableColumns, gt, isNull, type SQL } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import * as tables from './drizzle-tables.ts'
import { chapterRecord, pageOf, rowId, seriesRecord, type ChapterRow, type MangaRow } from './records.ts'

const { chapters, manga, mangaTitles } = tables

/** The site's catalog as the federation reads it, with Drizzle: `catalogWithDrizzle(drizzle(pool, { schema: tables }))`. */
export function catalogWithDrizzle(db: NodePgDatabase<typeof tables>): CatalogRepository {
  const mangaRows = async (where: SQL, limit: number): Promise<MangaRow[]> =>
    db.query.manga.findMany({
      where: and(isNull(manga.deleted_at), where),
      with: { titles: { orderBy: [desc(mangaTitles.is_main), asc(mangaTitles.title_id)] } },
      orderBy: asc(manga.manga_id),
      limit,
    })

  // A chapter goes with its manga: when that is deleted, it is not shown either.
  const chapterRows = async (where: SQL, limit: number): Promise<ChapterRow[]> =>
    db
      .select(getTableColumns(chapters))
      .from(chapters)
      .innerJoin(manga, eq(manga.manga_id, chapters.manga_id))
      .where(and(isNull(chapters.deleted_at), isNull(manga.deleted_at), where))
      .orderBy(asc(chapters.chapter_id))
      .limit(limit)

  return {
    async listSeries({ cursor = '0', limit }) {
      return pageOf((await mangaRows(gt(manga.manga_id, Number(cursor)), limit)).map(seriesRecord), limit)
    },
    async listChapters({ cursor = '0', limit }) {
      return pageOf((await chapterRows(gt(chapters.chapter_id, Number(cursor)), limit)).map(chapterRecord), limit)
    },
    async getSeries(id) {
      const [row] = await mangaRows(eq(manga.manga_id, rowId(id)), 1)
      return row && seriesRecord(row)
    },
    async getChapter(id) {
      const [row] = await chapterRows(eq(chapters.chapter_id, rowId(id)), 1)
      return row && chapterRecord(row)
    },
  }
}
