import { encodeCanonical } from '../json/index.ts'
import type { LogCommit } from '../store/index.ts'
import { headsToKeep, newestOf } from './heads.ts'
import type { AcceptedEntry, PageSummary } from './examine-page.ts'
import type { AcceptedPage, PageRefusal, PageSource } from './judge-page.ts'
import type { OriginRecord } from './origin-record.ts'
import type { OriginChanges } from './origin-records.ts'
import { ObjectMap } from './object-map.ts'

/** What a page adds to the mirrored catalog. Of each object only its last version in the page counts. */
export function changesOf(page: AcceptedPage, record: OriginRecord, nowTs: number): OriginChanges {
  const newest = new ObjectMap<AcceptedEntry>()
  for (const entry of page.entries) newest.set(entry, entry)
  const last = page.entries.filter((entry) => newest.get(entry) === entry)
  return {
    expectedSize: page.followed.range.size - page.entries.length,
    puts: last.flatMap(({ object }) => object ?? []),
    deletes: last.flatMap(({ op, kind, id }) => (op === 'delete' ? { kind, id } : [])),
    log: logOf(page, record),
    changedTs: nowTs,
  }
}

function logOf({ entries, head, followed, withheld }: AcceptedPage, record: OriginRecord): LogCommit {
  const { size } = followed.range
  // A relay may show a head that the server has signed anew since.
  const newest = record.restart ? head : newestOf([...record.heads, head], size)
  return {
    entries: entries.map(({ kind, id, bytes, nodes }) => ({ kind, id, bytes, nodes })),
    head: size === head.size && newest ? encodeCanonical(newest.json) : undefined,
    withheld,
  }
}

/** What is remembered once a page was accepted. */
export function afterPage(record: OriginRecord, { followed }: PageSummary, { relay }: PageSource): OriginRecord {
  const accepted = { ...record, mode: 'log' as const, refusal: relay === undefined ? undefined : record.refusal }
  if (record.restart) {
    // Whoever consumes what is mirrored compares everything once: what the new log lacks is told by nothing else.
    const begun = {
      restart: false,
      fork: undefined,
      refusal: undefined,
      mirrored: { ...record.mirrored, rebuild: true },
    }
    return { ...accepted, ...begun, heads: followed.heads }
  }
  return { ...accepted, heads: headsToKeep([...record.heads, ...followed.heads], followed.range.size) }
}

/** What is remembered of a refusal. */
export function afterRefusal(record: OriginRecord, refusal: PageRefusal, nowTs: number): OriginRecord {
  const { reason, message, fork } = refusal
  // A server that repeats itself makes nothing be written again.
  if (!fork && isKnown(record, refusal)) return record
  return { ...record, refusal: { reason, message, sinceTs: nowTs }, fork: fork ?? record.fork }
}

/** Whether this is what was refused the last time too. */
export function isKnown({ refusal }: OriginRecord, { reason, message }: PageRefusal): boolean {
  return refusal?.reason === reason && refusal.message === message
}
