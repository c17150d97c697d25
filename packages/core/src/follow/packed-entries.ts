import { HASH_BYTES, MAX_PAGE_ENTRIES } from '../log/index.ts'
import type { TakeMemory } from '../spare-memory.ts'
import type { ObjectKind, StoredObject } from '../store/index.ts'
import type { AcceptedEntry } from './examine-page.ts'

/**
 * The entries of a page in three pieces, while they wait to be stored. As objects they would outlive a collection of the
 * young generation, which makes the engine let it grow: to 100 MB in the course of a large catalog.
 */
export interface PackedEntries {
  /**
   * Of each entry: its number, its place in {@link OPS} and in {@link KINDS}, its revision, the length of its id, where it
   * stands in the page, the length of its nodes, and whether it has an object; of the object: its time, where it stands in
   * the page, and the lengths of its texts, of which {@link NONE} is not there.
   */
  readonly numbers: Float64Array<ArrayBuffer>
  /**
   * UTF-8. Of each entry its id; of its object the series, the locales and the titles. All in one: short texts that are
   * parsed as JSON stay in the engine's table of texts, and grow it, until the whole memory is collected.
   */
  readonly texts: Uint8Array
  /** Of each entry its nodes; of its object the hash of the content. */
  readonly hashes: Uint8Array
  /** How many of them have an object. */
  readonly objects: number
}

const OPS: readonly AcceptedEntry['op'][] = ['put', 'delete']
const KINDS: readonly ObjectKind[] = ['series', 'chapter']

/** Stands for the length of a text that is not there. */
const NONE = -1

const encoder = new TextEncoder()
// A text may begin with the mark that decoders leave out.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Of each entry two nodes, as there are on average, and the hash of its object. */
const USUAL_HASHES_BYTES = 3 * HASH_BYTES * MAX_PAGE_ENTRIES

/** Of an entry that has an object. */
const MOST_NUMBERS = 15

/** Packs the entries of a page one by one. */
export class EntryPacker {
  readonly #page: Uint8Array
  readonly #take: TakeMemory
  // All of it at once: what grows while a page is read leaves much behind, some of which gets old with it.
  readonly #numbers = new Float64Array(MOST_NUMBERS * MAX_PAGE_ENTRIES)
  #count = 0
  readonly #texts: string[] = []
  #hashes: Uint8Array
  #hashBytes = 0
  #objects = 0
  #areAllInPage = true

  /**
   * @param page - what the entries were read from.
   * @param take - gives memory that is needed until they are packed.
   */
  constructor(page: Uint8Array, take: TakeMemory) {
    this.#page = page
    this.#take = take
    this.#hashes = take(USUAL_HASHES_BYTES)
  }

  add({ seq, op, kind, id, revision, bytes, nodes, object }: AcceptedEntry): void {
    this.#addNumber(seq)
    this.#addNumber(OPS.indexOf(op))
    this.#addNumber(KINDS.indexOf(kind))
    this.#addNumber(revision)
    this.#addText(id)
    this.#addPlace(bytes)
    this.#addNumber(nodes.length)
    this.#addNumber(object ? 1 : 0)
    this.#addHashes(nodes)
    if (object) this.#addObject(object)
  }

  /**
   * @returns undefined where something does not stand in the page as it is to be stored, or is no Unicode text, and where
   *   there are more entries than a page has.
   */
  packed(): PackedEntries | undefined {
    const texts = this.#texts.join('')
    if (!this.#areAllInPage || !texts.isWellFormed() || this.#count > this.#numbers.length) return undefined
    return {
      numbers: this.#numbers.subarray(0, this.#count),
      texts: encoder.encode(texts),
      hashes: this.#hashes.slice(0, this.#hashBytes),
      objects: this.#objects,
    }
  }

  #addObject({ updatedTs, bytes, seriesId, locales, searchText, contentHash }: StoredObject): void {
    this.#addNumber(updatedTs)
    this.#addPlace(bytes)
    this.#addText(seriesId)
    this.#addText(locales)
    this.#addText(searchText)
    this.#addHashes(contentHash)
    this.#objects++
  }

  /** One that has no place any more is counted. */
  #addNumber(number: number): void {
    this.#numbers[this.#count++] = number
  }

  #addPlace(bytes: Uint8Array): void {
    this.#areAllInPage &&= bytes.buffer === this.#page.buffer
    this.#addNumber(bytes.byteOffset - this.#page.byteOffset)
    this.#addNumber(bytes.length)
  }

  #addText(text: string | undefined): void {
    this.#addNumber(text?.length ?? NONE)
    if (text) this.#texts.push(text)
  }

  #addHashes(hashes: Uint8Array): void {
    const end = this.#hashBytes + hashes.length
    if (end > this.#hashes.length) this.#makeRoomFor(end)
    this.#hashes.set(hashes, this.#hashBytes)
    this.#hashBytes = end
  }

  #makeRoomFor(bytes: number): void {
    const hashes = this.#take(2 * bytes)
    hashes.set(this.#hashes)
    this.#hashes = hashes
  }
}

/** The entries again. Their bytes are views; an object has the kind, id, revision and number of its entry. */
export function unpackEntries(
  { numbers, texts: encoded, hashes }: Omit<PackedEntries, 'objects'>,
  page: Uint8Array,
): AcceptedEntry[] {
  const texts = decoder.decode(encoded)
  const entries: AcceptedEntry[] = []
  let [number, text, hash] = [0, 0, 0]
  const takePart = (): Uint8Array => {
    const start = numbers[number++]!
    return page.subarray(start, start + numbers[number++]!)
  }
  const takeText = (): string | undefined => {
    const length = numbers[number++]!
    return length === NONE ? undefined : texts.slice(text, (text += length))
  }
  const takeHashes = (length: number): Uint8Array => hashes.subarray(hash, (hash += length))
  while (number < numbers.length) {
    const seq = numbers[number++]!
    const op = OPS[numbers[number++]!]!
    const kind = KINDS[numbers[number++]!]!
    const revision = numbers[number++]!
    const id = takeText()!
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
          seriesId: takeText(),
          locales: takeText()!,
          searchText: takeText()!,
          contentHash: takeHashes(HASH_BYTES),
        }
      : undefined
    entries.push({ seq, op, kind, id, revision, bytes, nodes, object })
  }
  return entries
}
