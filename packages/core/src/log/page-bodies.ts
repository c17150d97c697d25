import { sameBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'
import { encodeCanonical, isJsonObject, type JsonObject } from '../json/index.ts'
import type { EntryHeader } from './entry.ts'
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

/** Reads the bodies of a page in the order of its entries, and compares them with the headers that name them. */
export class PageBodies {
  readonly #received: ReceivedBodies
  readonly #withheld = new Map<string, EntryHeader>()
  #read = 0
  #wrong: EntryHeader | undefined

  constructor(received: ReceivedBodies) {
    this.#received = received
  }

  /** Why the bodies are not accepted, as far as they were read. */
  get fault(): PageFault | undefined {
    return this.#wrong && mismatch(`the body of entry ${this.#wrong.seq} is not the one that was logged`)
  }

  /** The same, when all entries had their turn. */
  get faultAtEnd(): PageFault | undefined {
    if (this.fault || this.#received.count === this.#read) return this.fault
    return mismatch('it has bodies that belong to none of its entries')
  }

  /** Entries of which the body was left out, though none that followed was of the same object. */
  get withheld(): readonly EntryHeader[] {
    return [...this.#withheld.values()]
  }

  /** The body of the next entry; undefined when it was left out, the object was deleted, or there is a fault. */
  next(header: EntryHeader): EntryBody | undefined {
    if (this.#wrong) return undefined
    const received = this.#received.read(header.seq)
    const body = received && bodyOf(header, received)
    if (received) this.#read++
    if (received && !body) this.#wrong = header
    this.#noteWithheld(header, header.body !== undefined && !received)
    return body
  }

  #noteWithheld(header: EntryHeader, isLeftOut: boolean): void {
    if (!isLeftOut && this.#withheld.size === 0) return
    const object = `${header.kind} ${header.id}`
    this.#withheld.delete(object)
    if (isLeftOut) this.#withheld.set(object, header)
  }
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

function mismatch(what: string): PageFault {
  return fault('body_mismatch', `The page was altered: ${what}.`)
}
