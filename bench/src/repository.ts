import type { CatalogRepository, ChapterRecord, Page, PageRequest, SeriesRecord } from '@manga-federation/core'

/** A table of a site's database: as many rows as `count` says now, each made or looked up when it is asked for. */
export interface Rows<T> {
  count: number
  readonly at: (index: number) => T
}

/** A site's catalog over two tables, listed in the order of their rows. */
export function repositoryOf(series: Rows<SeriesRecord>, chapters: Rows<ChapterRecord>): CatalogRepository {
  return {
    listSeries: async (page) => pageOf(series, page),
    listChapters: async (page) => pageOf(chapters, page),
    getSeries: async (id) => rowOf(series, id),
    getChapter: async (id) => rowOf(chapters, id),
  }
}

/** A site's catalog of these series, without chapters. */
export function repositoryOfSeries(records: readonly SeriesRecord[]): CatalogRepository {
  const noChapters = {
    count: 0,
    at: () => {
      throw new RangeError('There are no chapters.')
    },
  }
  return repositoryOf({ count: records.length, at: (index) => records[index]! }, noChapters)
}

function pageOf<T>({ count, at }: Rows<T>, { cursor = '0', limit }: PageRequest): Page<T> {
  const start = Number(cursor)
  const end = Math.min(start + limit, count)
  const items = Array.from({ length: end - start }, (_, index) => at(start + index))
  return end < count ? { items, next: String(end) } : { items }
}

function rowOf<T extends { readonly id: string }>({ count, at }: Rows<T>, id: string): T | undefined {
  for (let index = 0; index < count; index += 1) {
    const row = at(index)
    if (row.id === id) return row
  }
  return undefined
}
