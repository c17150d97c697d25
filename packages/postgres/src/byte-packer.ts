/** Where bytes lie in a packed array. */
export interface PackedBytes {
  /** Counted from 1 on, as PostgreSQL does. */
  readonly at: number
  readonly length: number
}

/** Puts many byte arrays one after the other into one, which is sent as it is. */
export class BytePacker {
  readonly #parts: Uint8Array[] = []
  #length = 0

  add(bytes: Uint8Array): PackedBytes {
    const at = this.#length + 1
    this.#parts.push(bytes)
    this.#length += bytes.length
    return { at, length: bytes.length }
  }

  /** All that was added. */
  bytes(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length)
  }
}
