import type { Logger } from '@manga-federation/core'

/** A log of what a server refused. */
export interface RefusalLog {
  readonly logger: Logger
  /** What it refused of other servers' logs, in words. */
  readonly refusals: readonly string[]
}

/** Builds it. Where no server lies, it stays empty, whatever else fails. */
export function refusalLog(): RefusalLog {
  const refusals: string[] = []
  const note = (details: object, message: string): void => {
    if ('reason' in details) refusals.push(message)
  }
  return { logger: { debug() {}, info() {}, warn: note, error: note }, refusals }
}
