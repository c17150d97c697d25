import { sameBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'
import { encodeCanonical, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import type { EntryHeader, LogEntry } from './entry.ts'
import { fault, type PageFault } from './page.ts'

/** An object as it came beside the log; its signatures were not checked. */
export interface EntryBody {
  readonly json: JsonObject
  /** Its canonical bytes, whose hash stands in the log. */
  readonly bytes: Uint8Array
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
 */
export function readBodies(entries: readonly LogEntry[], bodies: JsonObject): PageBodies | PageFault {
  const bySeq = new Map<number, EntryBody>()
  for (const { header } of entries) {
    const value = bodies[String(header.seq)]
    if (value === undefined) continue
    const body = readBody(header, value)
    if (body === undefined) {
      return mismatch(`the body of entry ${header.seq} is not the one that was logged`)
    }
    bySeq.set(header.seq, body)
  }
  if (Object.keys(bodies).length > bySeq.size) return mismatch('it has bodies that belong to none of its entries')
  return { bySeq, withheld: current(entries).filter(({ seq, body }) => body && !bySeq.has(seq)) }
}

/** The body, if it is the one that the header names. */
function readBody(header: EntryHeader, json: JsonValue): EntryBody | undefined {
  if (!header.body || !isJsonObject(json) || !isSameObject(header, json)) return undefined
  const bytes = encodeCanonical(json)
  const isLogged = bytes.length === header.body.size && sameBytes(sha256(bytes), header.body.sha256)
  return isLogged ? { json, bytes } : undefined
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
