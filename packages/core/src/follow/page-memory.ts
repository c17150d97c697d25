/** Pages of a log differ less than this in their length, so that one fits where another was. */
const UNIT_BYTES = 64 * 1024

/** As many as pages are under way at a time. */
const MAX_SPARE = 3

/** The longest memory that is kept; pages are seldom longer. */
const MAX_SPARE_BYTES = 1024 * 1024

/**
 * Memory for the pages of a log, one after the other. New memory for each would have to be found to be free again, for
 * which the engine goes through all of its own every twenty pages.
 */
export class PageMemory {
  readonly #spare: Uint8Array[] = []

  /** Memory of so many bytes or more, in which anything may stand. */
  readonly take = (bytes: number): Uint8Array => {
    const index = this.#spare.findIndex((spare) => spare.length >= bytes)
    const [spare] = index < 0 ? [] : this.#spare.splice(index, 1)
    return spare ?? new Uint8Array(Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES)
  }

  /** @param page - in memory of its own, which nobody looks at any more. */
  giveBack({ buffer }: Uint8Array): void {
    if (this.#spare.length < MAX_SPARE && buffer.byteLength <= MAX_SPARE_BYTES) this.#spare.push(new Uint8Array(buffer))
  }
}
