import type { CatalogRepository, ChapterRecord, Page, SeriesRecord } from '@manga-federation/core'

/** The series are there from the start; every change is one of a chapter. */
const SERIES = 10

/** Of so many changes in a row one edits a chapter, one deletes another, and all others add one. */
const CYCLE = 10
const EDIT = 8
const DELETE = 9

/** A site's whole database after so many changes: a fixed rule, so that it outlives each process that serves it. */
export interface SiteDatabase extends CatalogRepository {
  /** Goes on to this number of changes. Returns the ids of the chapters that they touch. */
  advanceTo(changes: number): string[]
}

/** Opens the database as it is after `changes` changes. */
export function siteDatabase(changes: number): SiteDatabase {
  let done = changes
  return {
    advanceTo(next) {
      const touched = Array.from({ length: next - done }, (_, index) => chapterOf(done + index))
      done = next
      return [...new Set(touched)]
    },
    listSeries: async () => ({ items: Array.from({ length: SERIES }, (_, index) => seriesRecord(index)) }),
    async listChapters({ cursor = '0', limit }): Promise<Page<ChapterRecord>> {
      const start = Number(cursor)
      const end = Math.min(start + limit, done)
      const numbers = Array.from({ length: end - start }, (_, index) => start + index)
      const items = numbers.flatMap((number) => (isAddition(number) ? (chapterAfter(number, done) ?? []) : []))
      return end < done ? { items, next: String(end) } : { items }
    },
    getSeries: async (id) => seriesRecord(Number(id.slice(1))),
    getChapter: async (id) => chapterAfter(Number(id.slice(1)), done),
  }
}

/** The ids of all chapters that are there after so many changes. */
export function chaptersAfter(changes: number): string[] {
  return Array.from({ length: changes }, (_, number) => number)
    .filter((number) => isAddition(number) && chapterAfter(number, changes))
    .map((number) => `c${number}`)
}

/** The id of the chapter that a change touches. */
function chapterOf(change: number): string {
  const first = change - (change % CYCLE)
  if (change % CYCLE === EDIT) return `c${first + 1}`
  return change % CYCLE === DELETE ? `c${first}` : `c${change}`
}

function isAddition(change: number): boolean {
  return change % CYCLE < EDIT
}

/** The chapter that was added by a change, as it is after `done` changes; undefined before it and when it is deleted. */
function chapterAfter(number: number, done: number): ChapterRecord | undefined {
  const first = number - (number % CYCLE)
  if (number >= done || (number === first && first + DELETE < done)) return undefined
  const edited = number === first + 1 && first + EDIT < done
  return {
    id: `c${number}`,
    seriesId: `s${number % SERIES}`,
    metadata: { en: { title: edited ? 'Corrected' : 'As it came', chapter: String(number) } },
  }
}

function seriesRecord(index: number): SeriesRecord {
  return { id: `s${index}`, metadata: { en: { title: `Series ${index}` } } }
}
