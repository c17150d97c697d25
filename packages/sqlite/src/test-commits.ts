import type { CatalogCommit, StoredObject } from '@manga-federation/core'

const utf8 = new TextEncoder()

export const ORIGIN = 'https://manga.example.com/v1'

/** Chapters that each commit replaces; enough for it to fill several pages of the file. */
export const CHAPTERS_A_COMMIT = 20

/** Changes a commit: the counter, the chapters put, and the chapters deleted. */
const CHANGES_A_COMMIT = 1 + 2 * CHAPTERS_A_COMMIT

/** The size of the catalog after so many commits; the first one has nothing to delete. */
export function sizeAfter(commits: number): number {
  return commits === 0 ? 0 : commits * CHANGES_A_COMMIT - CHAPTERS_A_COMMIT
}

export function chapterIds(number: number): string[] {
  return Array.from({ length: CHAPTERS_A_COMMIT }, (_, index) => `${number}-${String(index).padStart(2, '0')}`)
}

/** The bytes of every object of a commit: whatever was mixed from two commits shows. */
export function bytesOf(number: number): Uint8Array {
  return new Uint8Array(1000 + (number % 7)).fill(number % 251)
}

/** The head that a commit stores. */
export function headOf(number: number): Uint8Array {
  return utf8.encode(`head ${number}`)
}

/** The bytes of the log's entry with this number. */
export function entryBytes(seq: number): Uint8Array {
  return utf8.encode(`entry ${seq}`)
}

/** One commit: it counts up, replaces the chapters of the commit before by its own, and has an entry for each change. */
export function commitOf(number: number): CatalogCommit {
  const expectedSize = sizeAfter(number - 1)
  const names = [{ kind: 'series' as const, id: 'counter' }, ...chapterNames(number)]
  const deletes = number === 1 ? [] : chapterNames(number - 1)
  return {
    expectedSize,
    puts: names.map(({ kind, id }, index) => objectOf(kind, id, number, expectedSize + index)),
    deletes,
    changedTs: number,
    log: {
      entries: [...names, ...deletes].map((name, index) => ({
        ...name,
        bytes: entryBytes(expectedSize + index),
        nodes: new Uint8Array(32),
      })),
      head: headOf(number),
      withheld: [],
    },
  }
}

function chapterNames(number: number): { kind: 'chapter'; id: string }[] {
  return chapterIds(number).map((id) => ({ kind: 'chapter', id }))
}

function objectOf(kind: StoredObject['kind'], id: string, number: number, seq: number): StoredObject {
  return {
    kind,
    id,
    seriesId: kind === 'chapter' ? 'counter' : undefined,
    revision: number,
    updatedTs: number,
    contentHash: new Uint8Array(32).fill(number % 251),
    locales: '|en|',
    searchText: `commit ${number}`,
    bytes: bytesOf(number),
    seq,
    mirrorOf: undefined,
  }
}
