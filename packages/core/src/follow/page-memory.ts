import { SpareMemory, type TakeMemory } from '../spare-memory.ts'

/** Pages are seldom longer. */
const MAX_KEPT_BYTES = 1024 * 1024

/** Memory for the pages of a log, one after the other. */
export class PageMemory {
  readonly #spare: SpareMemory<ArrayBufferLike>

  /** @param maxPieces - as many are kept. */
  constructor(maxPieces: number) {
    this.#spare = new SpareMemory({ maxPieces, maxBytes: MAX_KEPT_BYTES, make: (bytes) => new ArrayBuffer(bytes) })
  }

  readonly take: TakeMemory = (bytes) => new Uint8Array(this.#spare.take(bytes))

  /** @param page - in memory of its own, which nobody looks at any more. */
  giveBack({ buffer }: Uint8Array): void {
    this.#spare.giveBack(buffer)
  }

  /** Memory that is taken in several pieces, and given back all at once. */
  borrow(): BorrowedMemory {
    const taken: Uint8Array[] = []
    return {
      take: (bytes) => {
        const memory = this.take(bytes)
        taken.push(memory)
        return memory
      },
      giveBack: () => {
        for (const memory of taken.splice(0)) this.giveBack(memory)
      },
    }
  }
}

/** What some work takes. */
export interface BorrowedMemory {
  readonly take: TakeMemory
  /** Called when nobody looks at any of it any more. */
  readonly giveBack: () => void
}
