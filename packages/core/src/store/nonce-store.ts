/** Remembers the nonces of signed requests, so that none is accepted twice (PROTOCOL section 8). */
export interface NonceStore {
  /**
   * Remembers a nonce until its expiry, and forgets those that expired before `nowTs`. Atomic: of two calls at one
   * time only one gets true.
   *
   * @param nonce - unique to its sender's key, 512 characters at most.
   * @param expiresTs - POSIX milliseconds.
   * @returns false when it is remembered already.
   */
  use(nonce: string, expiresTs: number, nowTs: number): Promise<boolean>
}
