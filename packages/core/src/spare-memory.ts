/** Pieces that are asked for one after the other differ less than this in their length, so that one fits for another. */
const UNIT_BYTES = 64 * 1024

/** Gives memory of so many bytes or more, in which anything may stand. */
export type TakeMemory = (bytes: number) => Uint8Array

/** Which memory is kept to be used again. */
export interface SpareMemoryOptions<Memory> {
  readonly make: (bytes: number) => Memory
  /** So many pieces at a time. */
  readonly maxPieces: number
  /** The longest piece. */
  readonly maxBytes: number
}

/** Memory that is used again: the engine finds out late that a piece is free, and the allocator scatters new ones. */
export class SpareMemory<Memory extends ArrayBufferLike> {
  readonly #options: SpareMemoryOptions<Memory>
  readonly #pieces: Memory[] = []

  constructor(options: SpareMemoryOptions<Memory>) {
    this.#options = options
  }

  /** Memory of so many bytes or more, in which anything may stand. */
  take(bytes: number): Memory {
    const index = this.#pieces.findIndex((piece) => piece.byteLength >= bytes)
    const [piece] = index < 0 ? [] : this.#pieces.splice(index, 1)
    return piece ?? this.#options.make(Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES)
  }

  /** @param piece - which nobody looks at any more. */
  giveBack(piece: Memory): void {
    const { maxPieces, maxBytes } = this.#options
    if (this.#pieces.length < maxPieces && piece.byteLength <= maxBytes) this.#pieces.push(piece)
  }
}
