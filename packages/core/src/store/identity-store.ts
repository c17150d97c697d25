/** One signing key of this server. */
export interface OwnKey {
  /** `ed25519:` + version. */
  readonly keyId: string
  /** The private seed (RFC 8032), 32 bytes. A secret. */
  readonly seed: Uint8Array
  /** When it was made, POSIX milliseconds. */
  readonly createdTs: number
  /**
   * When it stops signing, POSIX milliseconds: in the future during a rotation's overlap, in the past for an old key.
   * Undefined while nobody retired it. Never changes once set, since it is published.
   */
  readonly expiredTs: number | undefined
}

/** Who this server is. */
export interface Identity {
  /** The canonical server name that the keys belong to. */
  readonly serverName: string
  /** At least one. */
  readonly keys: readonly OwnKey[]
}

/** Keeps this server's identity: its name and its signing keys. */
export interface IdentityStore {
  /** The stored identity, or undefined before the first start. */
  load(): Promise<Identity | undefined>
  /**
   * Stores an identity if there is none; an existing one is left as it is. Two processes that start together
   * therefore end with the same one.
   *
   * @returns the identity that is stored now.
   */
  create(identity: Identity): Promise<Identity>
  /**
   * Replaces the keys if the stored ones are still those expected (compare-and-swap, by key ids in order).
   *
   * @returns false when they are not and nothing was stored.
   */
  replaceKeys(expectedKeyIds: readonly string[], keys: readonly OwnKey[]): Promise<boolean>
}
