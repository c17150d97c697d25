import { sameBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'
import { encodeCanonical, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import type { EntryHeader, LogEntry } from './entry.ts'
import type { PageSource } from './page-source.ts'
import { fault, type PageFault } from './page.ts'

/** An object as it came beside the log; its signatures were not checked. */
export interface EntryBody {
  readonly json: JsonObject
  /** Its canonical bytes, whose hash stands in the log. */
  readonly bytes: Uint8Array
  /** What its signatures cover, where the page was cut up for it. */
  readonly signedBytes: Uint8Array | undefined
}

/** The bodies of a page. */
export interface PageBodies {
  /** By `seq`. */
  readonly bySeq: ReadonlyMap<number, EntryBody>
  /** Entries of which the body was left out, though none that follows in the page is of the same object. */
  readonly withheld: readonly EntryHeader[]
}

/**
 * Compares bodies with the headers that name them.
 *
 * @param entries - of the page, whose headers are known to be the log's.
 * @param source - what the page was read from.
 */
export function readBodies(
  entries: readonly LogEntry[],
  bodies: JsonObject,
  source: PageSource,
): PageBodies | PageFault {
  const bySeq = new Map<number, EntryBody>()
  for (const { header } of entries) {
    const value = bodies[String(header.seq)]
    if (value === undefined) continue
    const body = readBody(header, value, source)
    if (body === undefined) {
      return mismatch(`the body of entry ${header.seq} is not the one that was logged`)
    }
    bySeq.set(header.seq, body)
  }
  if (Object.keys(bodies).length > bySeq.size) return mismatch('it has bodies that belong to none of its entries')
  return { bySeq, withheld: current(entries).filter(({ seq, body }) => body && !bySeq.has(seq)) }
}

/** The body, if it is the one that the header names. */
function readBody(header: EntryHeader, json: JsonValue, source: PageSource): EntryBody | undefined {
  if (!header.body || !isJsonObject(json) || !isSameObject(header, json)) return undefined
  const { bytes, signedBytes } = source.body(header.seq) ?? { bytes: encodeCanonical(json), signedBytes: undefined }
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
