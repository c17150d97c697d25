/** So many entries, some hundred KiB of them, are not worth a look at which have expired. */
const MIN_ENTRIES_TO_SWEEP = 1024

/** What is remembered of each key until its expiry, that moment included. */
export class ExpiringMap<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly expiresTs: number }>()
  #sweepAtEntries = MIN_ENTRIES_TO_SWEEP

  /**
   * Remembers a value unless one is remembered, and returns the earlier one.
   *
   * @param entry.expiresTs - until when it counts, POSIX milliseconds.
   * @param nowTs - POSIX milliseconds.
   */
  remember(key: string, entry: { readonly value: V; readonly expiresTs: number }, nowTs: number): V | undefined {
    this.#sweep(nowTs)
    const remembered = this.#entries.get(key)
    if (remembered !== undefined && remembered.expiresTs >= nowTs) return remembered.value
    this.#entries.set(key, entry)
    return undefined
  }

  /** Looks at all only once they have doubled, so that the cost of an entry does not rise with their number. */
  #sweep(nowTs: number): void {
    if (this.#entries.size < this.#sweepAtEntries) return
    for (const [key, { expiresTs }] of this.#entries) if (expiresTs < nowTs) this.#entries.delete(key)
    this.#sweepAtEntries = Math.max(MIN_ENTRIES_TO_SWEEP, 2 * this.#entries.size)
  }
}
