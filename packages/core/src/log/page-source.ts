import { cutCanonical, cutSigned, type JsonValue, keyOfPart, parseLocated, type Part } from '../json/index.ts'

/** The page, its lists, and what stands in those: of so many levels it is noted where the parts stand. */
const LEVELS = 3

/** The canonical bytes that a page came with, so that nobody makes them again to hash them. */
export interface PageSource {
  /** Of the header at this place of the page; undefined where they are not canonical. */
  entry(index: number): Uint8Array | undefined
  /** Of the body of the entry with this number. */
  body(seq: number): BodySource | undefined
}

/** An object's canonical bytes. */
export interface BodySource {
  readonly bytes: Uint8Array
  /** What its signatures cover; undefined where that was not found. */
  readonly signedBytes: Uint8Array | undefined
}

/** A page that came as bytes. */
export interface LocatedPage {
  readonly json: JsonValue
  readonly source: PageSource
}

/** Where nothing is known but the page as it was read. */
export const NO_SOURCE: PageSource = { entry: () => undefined, body: () => undefined }

/**
 * Reads a page as `parseStrict` does.
 *
 * @param bytes - at most 8 MiB. They must not change while the source is in use.
 * @throws FederationError `invalid_json`.
 */
export function parsePage(bytes: Uint8Array): LocatedPage {
  const { value, parts } = parseLocated(bytes, { levels: LEVELS, apart: 'bodies' })
  const partsOf = (key: string): readonly Part[] => parts.find((part) => keyOfPart(bytes, part) === key)?.parts ?? []
  const entries = partsOf('entries')
  const bodies = new Map(partsOf('bodies').map((part) => [keyOfPart(bytes, part), part]))
  return {
    json: value,
    source: {
      entry: (index) => entries[index] && cutCanonical(bytes, entries[index]),
      body(seq) {
        const part = bodies.get(String(seq))
        const canonical = part && cutCanonical(bytes, part)
        return canonical && { bytes: canonical, signedBytes: cutSigned(bytes, part) }
      },
    },
  }
}
