import { concatBytes } from '../bytes.ts'
import { HASH_BYTES } from '../log/index.ts'
import type { ObjectKind } from '../store/index.ts'
import type { AcceptedEntry } from './examine-page.ts'

/**
 * The entries of a page in three pieces, while they wait to be stored. As objects they would outlive a collection of the
 * young generation, which makes the engine let it grow: to 100 MB in the course of a large catalog.
 */
export interface PackedEntries {
  /**
   * Of each entry: its number, its place in {@link OPS} and in {@link KINDS}, its revision, where it stands in the page,
   * the length of its nodes, and whether it has an object; of the object: its time, and where it stands in the page.
   */
  readonly numbers: Float64Array<ArrayBuffer>
  /** JSON. Of each entry its id; of its object the series, or null, the locales and the titles. */
  readonly texts: Uint8Array
  /** Of each entry its nodes; of its object the hash of the content. */
  readonly hashes: Uint8Array
  /** How many of them have an object. */
  readonly objects: number
}

const OPS: readonly AcceptedEntry['header']['op'][] = ['put', 'delete']
const KINDS: readonly ObjectKind[] = ['series', 'chapter']

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Packs the entries of a page.
 *
 * @param page - what it was read from.
 * @returns undefined where something does not stand in the page as it is to be stored.
 */
export function packEntries(entries: readonly AcceptedEntry[], page: Uint8Array): PackedEntries | undefined {
  const numbers: number[] = []
  const texts: (string | null)[] = []
  const hashes: Uint8Array[] = []
  let objects = 0
  for (const { header, bytes, nodes, object } of entries) {
    if (!isPartOf(page, bytes)) return undefined
    const { seq, op, kind, id, revision } = header
    numbers.push(seq, OPS.indexOf(op), KINDS.indexOf(kind), revision)
    numbers.push(startIn(page, bytes), bytes.length, nodes.length, object ? 1 : 0)
    texts.push(id)
    hashes.push(nodes)
    if (!object) continue
    if (!isPartOf(page, object.bytes)) return undefined
    numbers.push(object.updatedTs, startIn(page, object.bytes), object.bytes.length)
    texts.push(object.seriesId ?? null, object.locales, object.searchText)
    hashes.push(object.contentHash)
    objects += 1
  }
  return {
    numbers: Float64Array.from(numbers),
    texts: encoder.encode(JSON.stringify(texts)),
    hashes: concatBytes(hashes),
    objects,
  }
}

/** The entries again. Their bytes are views; an object has the kind, id, revision and number of its entry. */
export function unpackEntries(packed: Omit<PackedEntries, 'objects'>, page: Uint8Array): AcceptedEntry[] {
  const { numbers, hashes } = packed
  const texts = JSON.parse(decoder.decode(packed.texts)) as (string | null)[]
  const entries: AcceptedEntry[] = []
  let [number, text, hash] = [0, 0, 0]
  const takePart = (): Uint8Array => {
    const start = numbers[number++]!
    return page.subarray(start, start + numbers[number++]!)
  }
  const takeHashes = (length: number): Uint8Array => hashes.subarray(hash, (hash += length))
  while (number < numbers.length) {
    const header = {
      seq: numbers[number++]!,
      op: OPS[numbers[number++]!]!,
      kind: KINDS[numbers[number++]!]!,
      revision: numbers[number++]!,
      id: texts[text++]!,
    }
    const { seq, kind, id, revision } = header
    const bytes = takePart()
    const nodes = takeHashes(numbers[number++]!)
    const hasObject = numbers[number++] === 1
    const object = hasObject
      ? {
          kind,
          id,
          revision,
          seq,
          mirrorOf: undefined,
          updatedTs: numbers[number++]!,
          bytes: takePart(),
          seriesId: texts[text++] ?? undefined,
          locales: texts[text++]!,
          searchText: texts[text++]!,
          contentHash: takeHashes(HASH_BYTES),
        }
      : undefined
    entries.push({ header, bytes, nodes, object })
  }
  return entries
}

function isPartOf(page: Uint8Array, bytes: Uint8Array): boolean {
  return bytes.buffer === page.buffer
}

function startIn(page: Uint8Array, bytes: Uint8Array): number {
  return bytes.byteOffset - page.byteOffset
}
