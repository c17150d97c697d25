import type { ChapterRecord, Page, SeriesMetadata, SeriesRecord } from '@manga-federation/fastify'

/** A row of `manga` with its titles, the main ones first. */
export interface MangaRow {
  manga_id: number
  author: string | null
  state: string
  original_lang: string
  titles: { lang: string; title: string }[]
}

/** A row of `chapters` as `pg` and Drizzle read it: `numeric` is text, `timestamptz` is a Date. */
export interface ChapterRow {
  chapter_id: number
  manga_id: number
  chapter_no: string | null
  chapter_title: string | null
  lang: string
  team: string | null
  page_count: number | null
  released_at: Date
}

/** The site's words for the state of a manga, and the protocol's. */
const STATUS: Record<string, SeriesMetadata['status']> = {
  running: 'ongoing',
  finished: 'completed',
  paused: 'hiatus',
  dropped: 'cancelled',
}

/** What the federation says of a manga, by language: the first title of each is the title, the others go with it. */
export function seriesRecord(row: MangaRow): SeriesRecord {
  const status = STATUS[row.state]
  const metadata: Record<string, SeriesMetadata> = {}
  for (const { lang } of row.titles) {
    const [title = '', ...alternatives] = row.titles.filter((each) => each.lang === lang).map((each) => each.title)
    metadata[lang] ??= {
      title,
      'alternative-titles': alternatives,
      original_language: row.original_lang,
      ...(row.author && { authors: [row.author] }),
      ...(status && { status }),
    }
  }
  return { id: String(row.manga_id), metadata }
}

/** What the federation says of a chapter. It needs a number or a title. */
export function chapterRecord(row: ChapterRow): ChapterRecord {
  const title = row.chapter_title ?? (row.chapter_no === null ? 'One-shot' : undefined)
  return {
    id: String(row.chapter_id),
    seriesId: String(row.manga_id),
    metadata: {
      [row.lang]: {
        language: row.lang,
        published_at: row.released_at.toISOString(),
        ...(title && { title }),
        ...(row.chapter_no && { chapter: String(Number(row.chapter_no)) }), // '10.50' is chapter 10.5
        ...(row.team && { groups: [{ name: row.team }] }),
        ...(row.page_count && { pages: row.page_count }),
      },
    },
  }
}

/** Rows come ordered by id: behind the last one of a full page, the next page begins. */
export function pageOf<T extends { id: string }>(items: T[], limit: number): Page<T> {
  const last = items.at(-1)
  return last && items.length === limit ? { items, next: last.id } : { items }
}

/** The largest `integer` of PostgreSQL; a larger number would be an error there. */
const MAX_INTEGER = 2 ** 31 - 1

/** No row has it. */
const NO_ROW = -1

/** The row that an id means: `7` for '7', and none for '07', 'seven' and '99999999999999999999'. */
export function rowId(id: string): number {
  return /^[1-9]\d*$/.test(id) && Number(id) <= MAX_INTEGER ? Number(id) : NO_ROW
}
