import {
  cutCanonical,
  cutSigned,
  isJsonObject,
  type JsonValue,
  memberNamed,
  numberOfKey,
  parseLocated,
  parseStrict,
  type Part,
  readPart,
} from '../json/index.ts'
import type { TakeMemory } from '../spare-memory.ts'

/** A page as it came. Its bodies are read one by one: together they take many times the memory of what is kept of them. */
export interface ReceivedPage {
  /** All of it but the bodies, which are read apart. */
  readonly json: JsonValue
  /** The canonical bytes of the header at this place; undefined where they are not known, and have to be made. */
  readonly headerBytes: (index: number) => Uint8Array | undefined
  /** Undefined where its bodies are no object. */
  readonly bodies: ReceivedBodies | undefined
}

/** The bodies of a page. */
export interface ReceivedBodies {
  readonly count: number
  /** Reads the body of the entry with this number; undefined when the page has none. */
  read(seq: number): ReceivedBody | undefined
}

/** An object as it came, with its bytes where they are known: so that nobody makes them again to hash them. */
export interface ReceivedBody {
  readonly json: JsonValue
  /** Its canonical bytes. */
  readonly bytes: Uint8Array | undefined
  /** What its signatures cover. */
  readonly signedBytes: Uint8Array | undefined
}

/**
 * Reads a page as `parseStrict` does.
 *
 * @param bytes - at most 8 MiB. They must not change while the page is in use.
 * @param take - gives memory for what signatures cover, which must not change either. Default: new memory.
 * @throws FederationError `invalid_json`.
 */
export function parsePage(bytes: Uint8Array, take: TakeMemory = newMemory): ReceivedPage {
  const { value, parts, unread } = parseLocated(bytes, 'bodies')
  const entries = memberNamed(bytes, parts, 'entries')?.parts ?? []
  const headerBytes: ReceivedPage['headerBytes'] = (index) => entries[index] && cutCanonical(bytes, entries[index])
  if (!unread) return { ...pageOf(value), headerBytes }
  const bySeq = new Map(unread.map((part) => [numberOfKey(bytes, part), part]))
  // As they stand there: a number may hide behind an escape.
  if (bySeq.has(undefined)) return { ...pageOf(parseStrict(bytes)), headerBytes }
  return { json: value, headerBytes, bodies: bodiesIn(bytes, unread, bySeq, take) }
}

function newMemory(bytes: number): Uint8Array {
  return new Uint8Array(bytes)
}

/**
 * @param parts - where they stand, one at least.
 * @param bySeq - the same, by the numbers of their entries.
 */
function bodiesIn(
  bytes: Uint8Array,
  parts: readonly Part[],
  bySeq: ReadonlyMap<number | undefined, Part>,
  take: TakeMemory,
): ReceivedBodies {
  const start = parts[0]!.valueFrom
  // One piece of memory for all of them, in which each has the place that it has in the page.
  const room = take(parts.at(-1)!.to - start)
  return {
    count: bySeq.size,
    read(seq) {
      const part = bySeq.get(seq)
      return (
        part && {
          json: readPart(bytes, part),
          bytes: cutCanonical(bytes, part),
          signedBytes: cutSigned(bytes, part, room.subarray(part.valueFrom - start, part.to - start)),
        }
      )
    },
  }
}

/**
 * A page of which nothing is known but what it says.
 *
 * @param json - read by `parseStrict`. Nothing is changed.
 */
export function pageOf(json: JsonValue): ReceivedPage {
  const bodies = isJsonObject(json) ? json.bodies : undefined
  return {
    json,
    headerBytes: () => undefined,
    bodies: isJsonObject(bodies)
      ? {
          count: Object.keys(bodies).length,
          read(seq) {
            const body = bodies[String(seq)]
            return body === undefined ? undefined : { json: body, bytes: undefined, signedBytes: undefined }
          },
        }
      : undefined,
  }
}
