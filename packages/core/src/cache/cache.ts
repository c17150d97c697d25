import type { Environment } from '../environment.ts'

/** How long a cache is waited for: after that, asking the network again is no slower. */
const MAX_WAIT_MS = 1_000

/** What the federation uses of a cache. A `Keyv` has it as it is. */
export interface Cache {
  /** The value last set under a key; undefined when there is none, or it was dropped. */
  get(key: string): Promise<unknown>
  /**
   * Keeps a JSON value.
   *
   * @param ttlMs - how long it is of use at most, in milliseconds.
   */
  set(key: string, value: unknown, ttlMs: number): Promise<unknown>
}

/** One kind of value in a cache that may fail at any time: a failure is a miss. Nothing here rejects. */
export interface BestEffortCache<Value> {
  get(key: string): Promise<Value | undefined>
  set(key: string, value: Value): Promise<void>
}

/** Which values are kept, and how. */
export interface BestEffortCacheOptions {
  /** What the values are and the version of their form, `servers:1`, so that another version never misreads them. */
  readonly kind: string
  /** How long a value is of use at most, in milliseconds. */
  readonly ttlMs: number
  readonly environment: Environment
}

/** Keeps values of one kind in a cache that others may share. */
export function bestEffortCache<Value>(
  cache: Cache,
  { kind, ttlMs, environment }: BestEffortCacheOptions,
): BestEffortCache<Value> {
  const keyOf = (key: string): string => `manga-federation:${kind}:${key}`
  return {
    get: async (key) => (await orMiss(() => cache.get(keyOf(key)), environment)) as Value | undefined,
    async set(key, value) {
      await orMiss(() => cache.set(keyOf(key), value, ttlMs), environment)
    },
  }
}

/** What a cache answers; undefined when it fails or does not answer. */
async function orMiss(ask: () => Promise<unknown>, environment: Environment): Promise<unknown> {
  let cancel: (() => void) | undefined
  const timeUp = new Promise<undefined>((resolve) => {
    cancel = environment.after(MAX_WAIT_MS, () => resolve(undefined))
  })
  try {
    return await Promise.race([ask(), timeUp])
  } catch {
    return undefined
  } finally {
    cancel?.()
  }
}
