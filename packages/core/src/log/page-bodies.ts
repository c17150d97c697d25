import { sameBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'
import { encodeCanonical, isJsonObject, type JsonObject } from '../json/index.ts'
import type { EntryHeader, LogEntry } from './entry.ts'
import { fault, type PageFault } from './page.ts'
import type { ReceivedBodies, ReceivedBody } from './received-page.ts'

/** An object as it came beside the log; its signatures were not checked. */
export interface EntryBody {
  readonly json: JsonObject
  /** Its canonical bytes, whose hash stands in the log. */
  readonly bytes: Uint8Array
  /** What its signatures cover, where the page was cut up for it. */
  readonly signedBytes: Uint8Array | undefined
}

/** What is kept of a body. All else of it may go before the next one is read. */
export type KeepBody<Kept> = (header: EntryHeader, body: EntryBody) => Kept

/** The bodies of a page. */
export interface PageBodies<Kept> {
  /** By `seq`. */
  readonly bySeq: ReadonlyMap<number, Kept>
  /** Entries of which the body was left out, though none that follows in the page is of the same object. */
  readonly withheld: readonly EntryHeader[]
}

/**
 * Compares bodies with the headers that name them.
 *
 * @param entries - of the page, whose headers are known to be the log's.
 */
export function readBodies<Kept>(
  entries: readonly LogEntry[],
  bodies: ReceivedBodies,
  keep: KeepBody<Kept>,
): PageBodies<Kept> | PageFault {
  const bySeq = new Map<number, Kept>()
  for (const { header } of entries) {
    const received = bodies.read(header.seq)
    if (received === undefined) continue
    const body = bodyOf(header, received)
    if (body === undefined) {
      return mismatch(`the body of entry ${header.seq} is not the one that was logged`)
    }
    bySeq.set(header.seq, keep(header, body))
  }
  if (bodies.count > bySeq.size) return mismatch('it has bodies that belong to none of its entries')
  return { bySeq, withheld: current(entries).filter(({ seq, body }) => body && !bySeq.has(seq)) }
}

/** The body, if it is the one that the header names. */
function bodyOf(header: EntryHeader, { json, bytes: known, signedBytes }: ReceivedBody): EntryBody | undefined {
  if (!header.body || !isJsonObject(json) || !isSameObject(header, json)) return undefined
  const bytes = known ?? encodeCanonical(json)
  const isLogged = bytes.length === header.body.size && sameBytes(sha256(bytes), header.body.sha256)
  return isLogged ? { json, bytes, signedBytes } : undefined
}

/** A header must not tell another story than the object that it logs. */
function isSameObject({ serverName, id, revision }: EntryHeader, json: JsonObject): boolean {
  return json.server === serverName && json.id === id && json.revision === revision
}

/** The entries that no later one of the page is of the same object as. */
function current(entries: readonly LogEntry[]): EntryHeader[] {
  return [...new Map(entries.map(({ header }) => [`${header.kind} ${header.id}`, header])).values()]
}

function mismatch(what: string): PageFault {
  return fault('body_mismatch', `The page was altered: ${what}.`)
}
