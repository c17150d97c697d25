/** A server whose catalog is followed. */
export interface FollowedOrigin {
  readonly serverName: string
  /** What its follower remembers, JSON of its own. */
  readonly record: Uint8Array
}

/** Remembers which servers are followed, and how far. A `CatalogCommit` may replace a record in its transaction. */
export interface FollowingStore {
  /** All of them, by name. */
  list(): Promise<FollowedOrigin[]>
  get(serverName: string): Promise<Uint8Array | undefined>
  put(origin: FollowedOrigin): Promise<void>
  /** Forgets the record; the mirrored catalog stays until `CatalogStore.forget`. */
  delete(serverName: string): Promise<void>
}
