import type { CatalogRepository, ChapterRecord, Page, PageRequest, SeriesRecord } from '@manga-federation/core'

type RepositoryRecord = SeriesRecord | ChapterRecord

/** Series and chapters enough for several pages of every limit that the suite asks with, but the largest. */
export const SERIES: readonly SeriesRecord[] = Array.from({ length: 120 }, (_, index) => ({
  id: `s${String(index).padStart(3, '0')}`,
  metadata: { en: { title: `Series ${index}` }, ja: { title: `連載${index}` } },
}))
export const CHAPTERS: readonly ChapterRecord[] = SERIES.flatMap(({ id }) =>
  [1, 2].map((number) => ({
    id: `${id}-c${number}`,
    seriesId: id,
    metadata: { en: { chapter: `${number}.5`, sort_id: number * 1000 + 500, published_at: '2026-01-31T12:00:00Z' } },
  })),
)

/** Series whose ids are numbers, in their order. */
export const NUMBERED: readonly SeriesRecord[] = SERIES.map((each, index) => ({ ...each, id: String(index + 1) }))

/** A right repository over two arrays that are in the order of their ids. */
export function rightRepository(
  series: readonly SeriesRecord[] = SERIES,
  chapters: readonly ChapterRecord[] = CHAPTERS,
): CatalogRepository {
  return {
    listSeries: async (page) => pageAfter(series, page),
    listChapters: async (page) => pageAfter(chapters, page),
    getSeries: async (id) => series.find((each) => each.id === id),
    getChapter: async (id) => chapters.find((each) => each.id === id),
  }
}

/** The page after the id that the cursor is. */
export function pageAfter<T extends RepositoryRecord>(records: readonly T[], { cursor, limit }: PageRequest): Page<T> {
  const rest = cursor === undefined ? records : records.filter(({ id }) => id > cursor)
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  return rest.length > limit && last !== undefined ? { items, next: last.id } : { items }
}

/** A repository that is right but for the methods given. */
export function wrongRepository(wrong: Partial<Record<keyof CatalogRepository, unknown>>): CatalogRepository {
  return { ...rightRepository(), ...wrong } as CatalogRepository
}

/** A repository whose first series has wrong metadata. */
export function withSeriesMetadata(metadata: unknown): CatalogRepository {
  return rightRepository([{ ...SERIES[0]!, metadata: metadata as SeriesRecord['metadata'] }, ...SERIES.slice(1)])
}

/** A repository whose first chapter differs. */
export function withChapter(differing: object): CatalogRepository {
  return rightRepository(SERIES, [{ ...CHAPTERS[0]!, ...differing }, ...CHAPTERS.slice(1)])
}

/** Chapters in the order of their numbers alone, of which there are two. */
export async function byNumberAlone({ cursor = '', limit }: PageRequest): Promise<unknown> {
  const numberOf = ({ metadata }: ChapterRecord): string => metadata['en']?.chapter ?? ''
  const items = CHAPTERS.toSorted((a, b) => numberOf(a).localeCompare(numberOf(b)))
    .filter((each) => numberOf(each) > cursor)
    .slice(0, limit)
  const last = items.at(-1)
  return last && items.length === limit ? { items, next: numberOf(last) } : { items }
}

/** What becomes of a large id in a number. */
export function rounded(id: string): string {
  return String(Number(id))
}

/** A row of an object-relational mapper. */
export class Manga {
  readonly id = '1'
}

/** A number of a library, or of a driver, for what JavaScript's cannot hold. */
export class Decimal {
  toJSON(): string {
    return '10.5'
  }
}

/** A listing over one shared position, as one that keeps a database cursor open has it. */
export function positionKeeper(): (page: PageRequest) => Promise<unknown> {
  let position = 0
  return async ({ cursor, limit }) => {
    if (cursor === undefined) position = 0
    const items = SERIES.slice(position, position + limit)
    position += limit
    return position < SERIES.length ? { items, next: `page ${position}` } : { items }
  }
}

export function selfContaining(): object {
  const metadata: Record<string, unknown> = { title: 'x' }
  metadata['self'] = metadata
  return metadata
}
