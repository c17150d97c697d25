import type { StoredObject } from '../store/index.ts'
import type { AcceptedEntry } from './examine-page.ts'

/**
 * The entries of a page in two pieces, while they wait to be stored. As objects they would outlive a collection of the
 * young generation, which makes the engine let it grow: to 100 MB in the course of a large catalog.
 */
export interface PackedEntries {
  /** JSON of their {@link Row}s. */
  readonly rows: Uint8Array
  /** The hashes of all of them. */
  readonly hashes: Uint8Array
  /** How many of them have an object. */
  readonly objects: number
}

/** From where to where: of bytes that are not repeated. */
type Place = readonly [from: number, to: number]

/** An entry, with places in the page and among the hashes. */
interface Row extends Pick<AcceptedEntry, 'header'> {
  readonly place: Place
  readonly nodes: Place
  readonly object?: Omit<StoredObject, 'bytes' | 'contentHash'> & { readonly place: Place; readonly hash: Place }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Packs the entries of a page.
 *
 * @param page - what it was read from.
 * @returns undefined where something does not stand in the page as it is to be stored.
 */
export function packEntries(entries: readonly AcceptedEntry[], page: Uint8Array): PackedEntries | undefined {
  if (!entries.every(({ bytes, object }) => isPartOf(page, bytes) && (!object || isPartOf(page, object.bytes)))) {
    return undefined
  }
  const hashes = new Uint8Array(entries.reduce((length, entry) => length + hashBytesOf(entry), 0))
  let end = 0
  const keep = (bytes: Uint8Array): Place => {
    hashes.set(bytes, end)
    return [end, (end += bytes.length)]
  }
  const rows = entries.map(({ header, bytes, nodes, object }): Row => {
    const row = { header, place: placeIn(page, bytes), nodes: keep(nodes) }
    if (!object) return row
    const { bytes: body, contentHash, ...rest } = object
    return { ...row, object: { ...rest, place: placeIn(page, body), hash: keep(contentHash) } }
  })
  const objects = rows.filter(({ object }) => object).length
  return { rows: encoder.encode(JSON.stringify(rows)), hashes, objects }
}

/** The entries again: their bytes are views. */
export function unpackEntries(
  { rows, hashes }: Pick<PackedEntries, 'rows' | 'hashes'>,
  page: Uint8Array,
): AcceptedEntry[] {
  return (JSON.parse(decoder.decode(rows)) as Row[]).map(({ header, place, nodes, object }) => ({
    header,
    bytes: page.subarray(...place),
    nodes: hashes.subarray(...nodes),
    object: object && {
      kind: object.kind,
      id: object.id,
      seriesId: object.seriesId,
      revision: object.revision,
      updatedTs: object.updatedTs,
      contentHash: hashes.subarray(...object.hash),
      locales: object.locales,
      searchText: object.searchText,
      bytes: page.subarray(...object.place),
      seq: object.seq,
      mirrorOf: object.mirrorOf,
    },
  }))
}

function hashBytesOf({ nodes, object }: AcceptedEntry): number {
  return nodes.length + (object?.contentHash.length ?? 0)
}

function isPartOf(page: Uint8Array, bytes: Uint8Array): boolean {
  return bytes.buffer === page.buffer
}

function placeIn(page: Uint8Array, bytes: Uint8Array): Place {
  const from = bytes.byteOffset - page.byteOffset
  return [from, from + bytes.length]
}
