import { compareCodePoints } from '../code-point-order.ts'

const utf8 = new TextDecoder()

/** Where the keys stand of all objects that are open, one behind the other: numbers alone, which leave no garbage. */
export class KeyPlaces {
  /** Of each key where its first quote stands, and the first place behind its last one; below 0 if it has escapes. */
  readonly #places: number[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  add(from: number, to: number, isPlain: boolean): void {
    this.#places[2 * this.#count] = from
    this.#places[2 * this.#count + 1] = isPlain ? to : -to
    this.#count++
  }

  from(key: number): number {
    return this.#places[2 * key]!
  }

  to(key: number): number {
    return Math.abs(this.#places[2 * key + 1]!)
  }

  isPlain(key: number): boolean {
    return this.#places[2 * key + 1]! > 0
  }

  /** Forgets all from this one on. */
  cutTo(count: number): void {
    this.#count = count
  }
}

/** The keys of one object that is being read: are they in canonical order, and is none there twice? */
export class ObjectKeys {
  readonly #bytes: Uint8Array
  readonly #places: KeyPlaces
  readonly #first: number
  /** All of them as text, from the first one that is not in order: one that comes after all others is none of them. */
  #texts: Set<string> | undefined

  /**
   * @param bytes - the document, in UTF-8.
   * @param places - of the keys of the objects around it.
   */
  constructor(bytes: Uint8Array, places: KeyPlaces) {
    this.#bytes = bytes
    this.#places = places
    this.#first = places.count
  }

  /** Whether each came after the one before it (PROTOCOL section 2). */
  get areInOrder(): boolean {
    return this.#texts === undefined
  }

  /**
   * Takes note of the next key.
   *
   * @param from - where its first quote stands.
   * @param to - the first place behind its last quote.
   * @param isPlain - whether nothing in it is escaped.
   * @returns whether it is there for the first time.
   */
  add(from: number, to: number, isPlain: boolean): boolean {
    const places = this.#places
    const key = places.count
    places.add(from, to, isPlain)
    if (this.#texts === undefined && (key === this.#first || this.#compare(key - 1, key) < 0)) return true
    this.#texts ??= this.#textsBefore(key)
    const text = this.#textOf(key)
    const isNew = !this.#texts.has(text)
    this.#texts.add(text)
    // From here on they are known by their texts.
    places.cutTo(key)
    return isNew
  }

  /** Ends the object. */
  end(): void {
    this.#places.cutTo(this.#first)
  }

  /** By code points, which is the order of their bytes in UTF-8. */
  #compare(a: number, b: number): number {
    const places = this.#places
    if (!places.isPlain(a) || !places.isPlain(b)) return compareCodePoints(this.#textOf(a), this.#textOf(b))
    const [fromA, fromB] = [places.from(a), places.from(b)]
    const [lengthA, lengthB] = [places.to(a) - fromA, places.to(b) - fromB]
    const shared = Math.min(lengthA, lengthB) - 1
    for (let index = 1; index < shared; index++) {
      const difference = this.#bytes[fromA + index]! - this.#bytes[fromB + index]!
      if (difference !== 0) return difference
    }
    return lengthA - lengthB
  }

  #textsBefore(end: number): Set<string> {
    const texts = new Set<string>()
    for (let key = this.#first; key < end; key++) texts.add(this.#textOf(key))
    return texts
  }

  #textOf(key: number): string {
    const bytes = this.#bytes.subarray(this.#places.from(key), this.#places.to(key))
    return JSON.parse(utf8.decode(bytes)) as string
  }
}
