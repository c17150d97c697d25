import { backOffMs } from '../back-off.ts'
import { LRUCache } from 'lru-cache'
import type { Environment } from '../environment.ts'
import type { Release } from '../limits/index.ts'
import { singleFlight } from '../single-flight.ts'

/** How long a failure is remembered at first; doubles with each further one (PROTOCOL section 5.1). */
const FIRST_PAUSE_MS = 60 * 1000

/** The longest a failure is remembered (PROTOCOL section 5.1). */
const MAX_PAUSE_MS = 60 * 60 * 1000

/** Servers whose last failure is remembered. */
const MAX_SERVERS = 10_000

interface Failure {
  readonly untilTs: number
  readonly failures: number
}

/** Decides when a server is asked: one request at a time, and none soon after a failure. */
export interface RefreshGate {
  /**
   * Runs `ask` for a server, or waits for the one that runs, or does nothing while the server is to be left alone.
   *
   * @param allow - asked only when a new request would go out; undefined from it forbids that. What it returns is
   *   called when the request is over.
   * @returns whether a good answer came.
   */
  enter(serverName: string, allow: (() => Release | undefined) | undefined, ask: () => Promise<void>): Promise<boolean>
}

/** Builds a gate. */
export function createRefreshGate(environment: Environment): RefreshGate {
  const together = singleFlight<boolean>()
  const failing = new LRUCache<string, Failure>({ max: MAX_SERVERS })

  async function run(serverName: string, ask: () => Promise<void>): Promise<boolean> {
    try {
      await ask()
      failing.delete(serverName)
      return true
    } catch {
      const failures = (failing.get(serverName)?.failures ?? 0) + 1
      const pauseMs = backOffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS)
      failing.set(serverName, { untilTs: environment.now() + pauseMs, failures })
      return false
    }
  }

  return {
    enter: (serverName, allow, ask) =>
      together(serverName, async () => {
        if (environment.now() < (failing.get(serverName)?.untilTs ?? 0)) return false
        const release = allow?.()
        if (allow && !release) return false
        return run(serverName, ask).finally(release)
      }),
  }
}
