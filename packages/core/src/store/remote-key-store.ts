/** A key document of another server, as it came. */
export interface StoredKeyDocument {
  /** Canonical bytes of the document with every field as received. */
  readonly bytes: Uint8Array
  /** What the document says, POSIX milliseconds. */
  readonly validUntilTs: number
  /** When it came, POSIX milliseconds. */
  readonly fetchedTs: number
}

/** What a (server, key id) pair means, for ever: first seen wins (PROTOCOL section 5.1). */
export interface KeyBinding {
  /** `ed25519:` + version. */
  readonly keyId: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** `origin`: the server itself told, which is permanent. `witness`: provisional until it does. */
  readonly source: 'origin' | 'witness'
  /** Who told: the server itself, or the witnesses that agreed. */
  readonly toldBy: readonly string[]
  /** When it was first told, POSIX milliseconds. */
  readonly firstSeenTs: number
  /** Signatures made until then, inclusive, count: the furthest validity of a document that held the key as current. */
  readonly validUntilTs: number
  /** Signatures made from then on do not count: what the server said when it retired the key. */
  readonly expiredTs: number | undefined
}

/** What is remembered of one server's keys. */
export interface RemoteKeys {
  readonly serverName: string
  /** The last good document from the server itself; undefined when only witnesses told of it. */
  readonly document: StoredKeyDocument | undefined
  readonly bindings: readonly KeyBinding[]
}

/** Keeps the keys of other servers. */
export interface RemoteKeyStore {
  /** What is remembered of a server; undefined when nothing is. */
  load(serverName: string): Promise<RemoteKeys | undefined>
  /**
   * Remembers what a document, or witnesses, told, in one transaction. The document replaces the stored one when it is
   * given and its `validUntilTs` is not lower. Of each binding: a key id that is not bound is bound; one that is bound
   * to the same key takes the greater `validUntilTs` and the lesser `expiredTs`, and `source` `origin` once the origin
   * told; one that is bound to another key stays as it is, unless it was told by witnesses and is now told by the
   * origin, which replaces it.
   *
   * @param keys.lasting - false for servers that only a stranger asked about: `trim` may forget them. Once true it stays.
   * @param keys.usedTs - POSIX milliseconds, for `trim`.
   * @returns what is stored now, so that the caller sees a binding that differs from its own.
   */
  save(keys: RemoteKeys & { readonly lasting: boolean; readonly usedTs: number }): Promise<RemoteKeys>
  /** Forgets servers that are not lasting, those used longest ago first, until at most `max` of them are left. */
  trim(max: number): Promise<void>
}
