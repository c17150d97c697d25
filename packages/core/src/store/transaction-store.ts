/** Remembers transactions that others pushed, so that an id never means two of them (PROTOCOL section 10). */
export interface TransactionStore {
  /**
   * Remembers what an id stands for until its expiry, and forgets what expired before `nowTs`. Atomic.
   *
   * @param transaction.id - unique to its sender, 128 characters at most.
   * @param transaction.digest - SHA-256 of the body.
   * @returns the digest that is remembered: another one than was given when the id is taken.
   */
  remember(
    transaction: {
      readonly sender: string
      readonly id: string
      readonly digest: Uint8Array
      readonly expiresTs: number
    },
    nowTs: number,
  ): Promise<Uint8Array>
}
