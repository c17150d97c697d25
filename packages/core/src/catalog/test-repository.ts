import type { CatalogRepository, ChapterRecord, Page, PageRequest, SeriesRecord } from './records.ts'

/** A site's database for tests: two maps that the test writes. */
export interface TestRepository extends CatalogRepository {
  readonly series: Map<string, SeriesRecord>
  readonly chapters: Map<string, ChapterRecord>
}

/** Builds a repository with `count` series of two chapters each. */
export function testRepository(count = 0): TestRepository {
  const series = new Map<string, SeriesRecord>()
  const chapters = new Map<string, ChapterRecord>()
  for (let number = 1; number <= count; number += 1) {
    const id = `s${number}`
    series.set(id, { id, metadata: { en: { title: `Series ${number}` } } })
    for (const chapter of ['1', '1.5']) {
      chapters.set(`${id}-${chapter}`, { id: `${id}-${chapter}`, seriesId: id, metadata: { en: { chapter } } })
    }
  }
  return {
    series,
    chapters,
    listSeries: async (page) => pageOf(series, page),
    listChapters: async (page) => pageOf(chapters, page),
    getSeries: async (id) => series.get(id),
    getChapter: async (id) => chapters.get(id),
  }
}

function pageOf<T>(items: ReadonlyMap<string, T>, { cursor = '0', limit }: PageRequest): Page<T> {
  const start = Number(cursor)
  const page = [...items.values()].slice(start, start + limit)
  return start + limit < items.size ? { items: page, next: String(start + limit) } : { items: page }
}
