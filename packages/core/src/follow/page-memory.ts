import { SpareMemory } from '../spare-memory.ts'

/** As many as pages are under way at a time; they are seldom longer than 1 MiB. */
const KEPT = { maxPieces: 3, maxBytes: 1024 * 1024 }

/** Memory for the pages of a log, one after the other. */
export class PageMemory {
  readonly #spare = new SpareMemory<ArrayBufferLike>({ ...KEPT, make: (bytes) => new ArrayBuffer(bytes) })

  /** Memory of so many bytes or more, in which anything may stand. */
  readonly take = (bytes: number): Uint8Array => new Uint8Array(this.#spare.take(bytes))

  /** @param page - in memory of its own, which nobody looks at any more. */
  giveBack({ buffer }: Uint8Array): void {
    this.#spare.giveBack(buffer)
  }
}
