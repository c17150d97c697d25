import type { CatalogCommit, StoredObject } from '@manga-federation/core'

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

/** The changes of one commit: it counts up and replaces the chapters of the commit before by its own. */
export function commitOf(number: number): CatalogCommit {
  return {
    expectedSize: sizeAfter(number - 1),
    puts: [objectOf('series', 'counter', number), ...chapterIds(number).map((id) => objectOf('chapter', id, number))],
    deletes: number === 1 ? [] : chapterIds(number - 1).map((id) => ({ kind: 'chapter' as const, id })),
    changedTs: number,
  }
}

function objectOf(kind: StoredObject['kind'], id: string, number: number): StoredObject {
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
  }
}
