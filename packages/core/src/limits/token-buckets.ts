import { LRUCache } from 'lru-cache'
import type { Environment } from '../environment.ts'

/** How fast something may happen. */
export interface Rate {
  /** How often at once, after a long rest. */
  readonly burst: number
  /** After how long one more is allowed, in milliseconds. */
  readonly refillMs: number
}

/** Token buckets of one rate, one bucket a key. Over any time t, a key takes at most burst + t ÷ refillMs tokens. */
export interface TokenBuckets {
  /** How long until the bucket of this key has a token, in milliseconds; 0 when it has one now. */
  waitMs(key: string): number
  /** Takes a token from the bucket of this key, which must have one. */
  take(key: string): void
}

/**
 * Makes buckets that are all full.
 *
 * @param maxKeys - buckets that are remembered. Those used longest ago are forgotten, which fills them.
 */
export function createTokenBuckets({ burst, refillMs }: Rate, maxKeys: number, environment: Environment): TokenBuckets {
  // A bucket is the time at which it is full again: nothing has to run to refill it, and one at rest takes no memory.
  const fullTimes = new LRUCache<string, number>({ max: maxKeys })
  const emptyMs = burst * refillMs

  /** How long the bucket takes to be full again. A clock that was set back empties it at most. */
  function missingMs(key: string): number {
    const now = environment.now()
    return Math.min(Math.max((fullTimes.get(key) ?? now) - now, 0), emptyMs)
  }

  return {
    waitMs: (key) => Math.max(missingMs(key) + refillMs - emptyMs, 0),
    take: (key) => void fullTimes.set(key, environment.now() + missingMs(key) + refillMs),
  }
}
