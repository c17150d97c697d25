import { concatBytes } from '../bytes.ts'
import { encodeCanonical } from '../json/index.ts'
import type { LogCommit, StoredObject } from '../store/index.ts'
import { headsToKeep, newestOf } from './heads.ts'
import type { AcceptedPage, PageRefusal, PageSource } from './judge-page.ts'
import type { OriginRecord } from './origin-record.ts'
import type { OriginChanges } from './origin-records.ts'
import { objectKey } from './page-objects.ts'
import { storedObjectOf } from './received-object.ts'

/** What a page adds to the mirrored catalog. Of each object only its last version in the page counts. */
export function changesOf(page: AcceptedPage, record: OriginRecord, nowTs: number): OriginChanges {
  const last = [...new Map(page.entries.map(({ header }) => [objectKey(header), header])).values()]
  return {
    expectedSize: page.followed.range.size - page.entries.length,
    puts: last.flatMap(({ seq }) => storedObject(page, seq, nowTs) ?? []),
    deletes: last.filter(({ op }) => op === 'delete').map(({ kind, id }) => ({ kind, id })),
    log: logOf(page, record),
    changedTs: nowTs,
  }
}

function storedObject({ objects }: AcceptedPage, seq: number, arrivedTs: number): StoredObject | undefined {
  const object = objects.get(seq)
  return object && storedObjectOf(object, { seq, arrivedTs })
}

function logOf({ entries, head, followed, withheld }: AcceptedPage, record: OriginRecord): LogCommit {
  const { size } = followed.range
  // A relay may show a head that the server has signed anew since.
  const newest = record.restart ? head : newestOf([...record.heads, head], size)
  return {
    entries: entries.map(({ header: { kind, id }, bytes, completed }) => ({
      kind,
      id,
      bytes,
      nodes: concatBytes(completed),
    })),
    head: size === head.size && newest ? encodeCanonical(newest.json) : undefined,
    withheld: withheld.map(({ kind, id, seq }) => ({ kind, id, seq })),
  }
}

/** What is remembered once a page was accepted. */
export function afterPage(record: OriginRecord, { followed }: AcceptedPage, { relay }: PageSource): OriginRecord {
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
