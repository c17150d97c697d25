import type { CatalogCommit, Store } from '@manga-federation/core'

const utf8 = new TextEncoder()

export const ORIGIN = 'https://manga.example.com/v1'

/** Chapters of each commit. */
export const CHAPTERS_A_COMMIT = 10

/** The header of an entry tells who wrote it, and where. */
export function entryText(writer: string, seq: number): string {
  return `entry ${seq} of ${writer}`
}

/** A commit with chapters and entries of this writer's, on top of a log of this size. */
export function commitOf(writer: string, size: number): CatalogCommit {
  const seqs = Array.from({ length: CHAPTERS_A_COMMIT }, (_, index) => size + index)
  return {
    expectedSize: size,
    deletes: [],
    changedTs: size,
    puts: seqs.map((seq) => ({
      kind: 'chapter',
      id: `chapter-${seq}`,
      seriesId: writer,
      revision: 1,
      updatedTs: size,
      contentHash: new Uint8Array(32).fill(seq % 251),
      locales: '|en|',
      searchText: writer,
      bytes: utf8.encode(`body ${seq} of ${writer}`),
      seq,
      mirrorOf: undefined,
    })),
    log: {
      head: utf8.encode(`head over ${size + CHAPTERS_A_COMMIT} by ${writer}`),
      withheld: [],
      entries: seqs.map((seq) => ({
        kind: 'chapter',
        id: `chapter-${seq}`,
        bytes: utf8.encode(entryText(writer, seq)),
        nodes: new Uint8Array(32),
      })),
    },
  }
}

/** Commits on whatever size the log has, until it is stored. @returns the size that it was stored on. */
export async function append(store: Store, writer: string): Promise<number> {
  for (;;) {
    const { size } = await store.catalog.state(ORIGIN)
    if ((await store.catalog.commit(ORIGIN, commitOf(writer, size))) !== undefined) return size
  }
}

/** The whole log as texts: each entry with its body. */
export async function wholeLog(store: Store): Promise<{ entry: string; body: string | undefined }[]> {
  const log: { entry: string; body: string | undefined }[] = []
  for (;;) {
    const page = await store.log.page(ORIGIN, { since: log.length, limit: 256, maxBytes: 1_000_000 })
    if (page.entries.length === 0) return log
    log.push(...page.entries.map(({ bytes, body }) => ({ entry: textOf(bytes)!, body: textOf(body) })))
  }
}

/** What the log has to be when these writers stored commits on these sizes. */
export function expectedLog(
  commits: readonly { writer: string; size: number }[],
): Awaited<ReturnType<typeof wholeLog>> {
  const inOrder = commits.toSorted((a, b) => a.size - b.size)
  return inOrder.flatMap(({ writer, size }) =>
    commitOf(writer, size).puts.map(({ bytes }, index) => ({
      entry: entryText(writer, size + index),
      body: textOf(bytes),
    })),
  )
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes)
}
