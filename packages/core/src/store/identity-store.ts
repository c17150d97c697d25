/** One signing key of this server. */
export interface OwnKey {
  /** `ed25519:` + version. */
  readonly keyId: string
  /** The private seed (RFC 8032), 32 bytes. A secret. */
  readonly seed: Uint8Array
  /** When it was made, POSIX milliseconds. */
  readonly createdTs: number
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
}
