import { backOffMs, spreadMs } from '../back-off.ts'
import type { Environment } from '../environment.ts'
import type { Follower } from '../store/index.ts'

/** The first pause after a failure, and the longest one (PROTOCOL section 10). */
const FIRST_PAUSE_MS = 10_000
const MAX_PAUSE_MS = 24 * 60 * 60 * 1000

/** The jitter takes up to a fifth off or puts it on, so that many that failed together do not come back together. */
const JITTER = 0.2

/** After failing for so long a subscription ends (PROTOCOL section 10). */
const LOST_AFTER_MS = 90 * 24 * 60 * 60 * 1000

/** Fewer failures than that are not 90 days of them: the clock jumped. Once a day is the rarest try. */
const MIN_FAILURES_WHEN_LOST = 60

/** What a follower's row is changed with. */
export interface Chance {
  readonly nowTs: number
  /** From 0 up to 1. */
  readonly random: () => number
}

/** A server that subscribes just now. It is told everything, unless it says that it holds more. */
export function newFollower(serverName: string, nowTs: number): Follower {
  return {
    serverName,
    subscribedTs: nowTs,
    acknowledgedSize: 0,
    failures: 0,
    failingSinceTs: undefined,
    nextTryTs: nowTs,
    lastError: undefined,
  }
}

/** It answered as it should, and holds this many entries. */
export function inStep(follower: Follower, acknowledgedSize: number): Follower {
  return { ...follower, acknowledgedSize, failures: 0, failingSinceTs: undefined, nextTryTs: 0, lastError: undefined }
}

/** A delivery failed: the pause doubles with each one. */
export function failed(follower: Follower, lastError: string, { nowTs, random }: Chance): Follower {
  const failures = follower.failures + 1
  const pauseMs = backOffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS)
  return {
    ...follower,
    failures,
    failingSinceTs: follower.failingSinceTs ?? nowTs,
    nextTryTs: nowTs + spreadMs(pauseMs, JITTER, random),
    lastError,
  }
}

/** It asked for a pause, which is no failure. */
export function paused(follower: Follower, lastError: string, pauseMs: number, nowTs: number): Follower {
  return { ...follower, nextTryTs: nowTs + Math.min(pauseMs, MAX_PAUSE_MS), lastError }
}

/** It gave a sign of life: what failed is tried again at once. That it failed is known until a delivery succeeds. */
export function alive(follower: Follower): Follower {
  return { ...follower, failures: 0, nextTryTs: 0 }
}

/** Whether it has failed for so long that its subscription ends. */
export function isLost({ failures, failingSinceTs }: Follower, nowTs: number): boolean {
  return failures >= MIN_FAILURES_WHEN_LOST && failingSinceTs !== undefined && nowTs - failingSinceTs >= LOST_AFTER_MS
}

/** How long until it may be tried, in milliseconds. A pause longer than any means that the clock was set back. */
export function waitMs({ nextTryTs }: Follower, environment: Environment): number {
  const missingMs = nextTryTs - environment.now()
  return missingMs > MAX_PAUSE_MS * (1 + JITTER) ? 0 : Math.max(missingMs, 0)
}

/** What `federation.followers()` tells of a follower. */
export interface FollowerStatus {
  readonly serverName: string
  /**
   * `in_step`: holds all there is. `behind`: is being told. `failing`: could not be told, and is tried again. `ahead`:
   * says that it holds more than there is, and is told no more: this server's database was restored from a backup.
   */
  readonly state: 'in_step' | 'behind' | 'failing' | 'ahead'
  /** When it subscribed, POSIX milliseconds. */
  readonly subscribedTs: number
  /** The entries of this server's log that it holds, as it last said. */
  readonly size: number
  /** The entries that it lacks. */
  readonly lag: number
  /** Deliveries that failed since the last one that did not, or since it last asked for something. */
  readonly failures: number
  /** When it is tried again, POSIX milliseconds; undefined when nothing waits for it. */
  readonly nextTryTs: number | undefined
  /** Why the last delivery failed, in words; undefined when it did not. */
  readonly lastError: string | undefined
}

/** The row as people are shown it. `logSize`: what this server's own log has. */
export function statusOf(follower: Follower, logSize: number): FollowerStatus {
  const { serverName, subscribedTs, acknowledgedSize, failures, nextTryTs, lastError } = follower
  const lag = Math.max(logSize - acknowledgedSize, 0)
  return {
    serverName,
    state: stateOf(follower, logSize),
    subscribedTs,
    size: acknowledgedSize,
    lag,
    failures,
    nextTryTs: lag > 0 ? nextTryTs : undefined,
    lastError,
  }
}

function stateOf({ acknowledgedSize, failingSinceTs }: Follower, logSize: number): FollowerStatus['state'] {
  if (acknowledgedSize > logSize) return 'ahead'
  if (failingSinceTs !== undefined) return 'failing'
  return acknowledgedSize === logSize ? 'in_step' : 'behind'
}
