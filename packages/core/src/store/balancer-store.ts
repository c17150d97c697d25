/** A server that serves the catalog of this one too, or asked to (PROTOCOL section 7). */
export interface LoadBalancer {
  readonly serverName: string
  /**
   * `asked`: waits for the operator's word. `pending`: was not looked at yet. `success`: held the entire catalog when it
   * was looked at last. `error`: did not. `refused`: the operator does not want it. `deleted`: ended it itself, or failed
   * for so long that it was given up.
   */
  readonly state: 'asked' | 'pending' | 'success' | 'error' | 'refused' | 'deleted'
  /** When it entered this registration, or left it in state `deleted`, POSIX milliseconds. */
  readonly registeredTs: number
  /** What was wrong when it was looked at last: `E100` … `E105`, and words; undefined when nothing was. */
  readonly error: { readonly code: string; readonly message: string } | undefined
  /** Looks in vain since the last one that was not. */
  readonly failures: number
  /** When it was looked at last, POSIX milliseconds; undefined before the first time. */
  readonly checkedTs: number | undefined
  /** When it was last found to hold the entire catalog, POSIX milliseconds; undefined when it never was. */
  readonly succeededTs: number | undefined
  /** When it is looked at again at the earliest, POSIX milliseconds. */
  readonly nextPollTs: number
}

/** Remembers load balancers; some hundred at most. */
export interface BalancerStore {
  /** All of them, by name. */
  list(): Promise<LoadBalancer[]>
  get(serverName: string): Promise<LoadBalancer | undefined>
  /** Adds one, or replaces what is known of it. */
  put(balancer: LoadBalancer): Promise<void>
  delete(serverName: string): Promise<void>
}
