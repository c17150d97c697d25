import { compareCodePoints } from '../code-point-order.ts'

/** A key that was seen: where its first quote stands, the first place behind its last one, and whether it has escapes. */
interface SeenKey {
  readonly from: number
  readonly to: number
  readonly isPlain: boolean
}

const utf8 = new TextDecoder()

/** The keys of one object that is being read: are they in canonical order, and is none there twice? */
export class ObjectKeys {
  readonly #bytes: Uint8Array
  readonly #keys: SeenKey[] = []
  /** All of them as text, from the first one that is not in order: one that comes after all others is none of them. */
  #texts: Set<string> | undefined

  /** @param bytes - the document, in UTF-8. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
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
    const key = { from, to, isPlain }
    const previous = this.#keys.at(-1)
    if (this.#texts === undefined && (previous === undefined || this.#compare(previous, key) < 0)) {
      this.#keys.push(key)
      return true
    }
    this.#texts ??= new Set(this.#keys.map((seen) => this.#textOf(seen)))
    const text = this.#textOf(key)
    const isNew = !this.#texts.has(text)
    this.#texts.add(text)
    return isNew
  }

  /** By code points, which is the order of their bytes in UTF-8. */
  #compare(a: SeenKey, b: SeenKey): number {
    if (!a.isPlain || !b.isPlain) return compareCodePoints(this.#textOf(a), this.#textOf(b))
    const shared = Math.min(a.to - a.from, b.to - b.from) - 1
    for (let index = 1; index < shared; index++) {
      const difference = this.#bytes[a.from + index]! - this.#bytes[b.from + index]!
      if (difference !== 0) return difference
    }
    return a.to - a.from - (b.to - b.from)
  }

  #textOf({ from, to }: SeenKey): string {
    return JSON.parse(utf8.decode(this.#bytes.subarray(from, to))) as string
  }
}
