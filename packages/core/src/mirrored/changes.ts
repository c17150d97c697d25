import type { LogStore, ObjectKind } from '../store/index.ts'
import { parseStored } from './stored-object.ts'

/** Entries that are read at once. */
const PAGE_ENTRIES = 256

/** Bodies come along with entries; this is how many bytes are read at most. */
const PAGE_BYTES = 4 * 1024 * 1024

/** Objects that changed, each once. */
export interface MirroredIds {
  readonly series: readonly string[]
  readonly chapters: readonly string[]
}

/** Changes of a mirrored catalog that follow each other. */
export interface MirroredChanges extends MirroredIds {
  /** Where the next ones begin. */
  readonly nextSize: number
}

/**
 * The next changes of a mirrored catalog.
 *
 * @param since - how many are known.
 * @returns undefined when there are no more.
 */
export async function nextChanges(log: LogStore, origin: string, since: number): Promise<MirroredChanges | undefined> {
  const { entries } = await log.page(origin, { since, limit: PAGE_ENTRIES, maxBytes: PAGE_BYTES })
  if (entries.length === 0) return undefined
  const ids = { series: new Set<string>(), chapter: new Set<string>() }
  for (const { bytes } of entries) {
    const { kind, id } = parseStored(bytes) as { kind: ObjectKind; id: string }
    ids[kind].add(id)
  }
  return { series: [...ids.series], chapters: [...ids.chapter], nextSize: since + entries.length }
}
