/** A server that wants to be told of changes: one row a follower, not one a delivery (PROTOCOL section 10). */
export interface Follower {
  readonly serverName: string
  /** When it subscribed, POSIX milliseconds. */
  readonly subscribedTs: number
  /** The size of our log that it last said it holds. */
  readonly acknowledgedSize: number
  /** Deliveries that failed since the last one that did not. */
  readonly failures: number
  /** Since when they fail, POSIX milliseconds; undefined when they do not. */
  readonly failingSinceTs: number | undefined
  /** When it is tried again at the earliest, POSIX milliseconds. */
  readonly nextTryTs: number
  /** Why the last delivery failed, for people; undefined when it did not. */
  readonly lastError: string | undefined
}

/** Remembers the followers. */
export interface FollowerStore {
  /** Followers after this name, by name, at most `limit`. */
  list(page: { readonly afterName: string | undefined; readonly limit: number }): Promise<Follower[]>
  get(serverName: string): Promise<Follower | undefined>
  count(): Promise<number>
  /** Adds a follower, or replaces what is known of it. */
  put(follower: Follower): Promise<void>
  /** @returns whether it was there. */
  delete(serverName: string): Promise<boolean>
}
