import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { createTokenBuckets, type Rate } from '../limits/token-buckets.ts'

/**
 * Requests in the name of one server: more than one that works ever needs, and few enough that their nonces, each of
 * which is remembered for 5 minutes, stay some hundred KiB.
 */
const SENDER_RATE: Rate = { burst: 30, refillMs: 2_000 }

/** All together: their nonces stay some MB. */
const TOTAL_RATE: Rate = { burst: 1_000, refillMs: 20 }

/** Senders that are remembered: some MB. */
const MAX_SENDERS = 20_000

/** The one bucket of the total. */
const TOTAL = 'total'

/** Bounds what servers that this one has nothing to do with can make it verify and remember. */
export interface StrangerLimits {
  /**
   * Counts a request whose signature is good.
   *
   * @throws FederationError `rate_limited`, with `retry-after` in seconds among its headers.
   */
  take(sender: string): void
}

/** Makes the limits of one server. */
export function createStrangerLimits(environment: Environment): StrangerLimits {
  const senders = createTokenBuckets(SENDER_RATE, MAX_SENDERS, environment)
  const total = createTokenBuckets(TOTAL_RATE, 1, environment)
  return {
    take(sender) {
      const waitMs = Math.max(senders.waitMs(sender), total.waitMs(TOTAL))
      if (waitMs > 0) throw refusal(waitMs)
      senders.take(sender)
      total.take(TOTAL)
    },
  }
}

function refusal(waitMs: number): FederationError {
  const seconds = Math.ceil(waitMs / 1000)
  const message = `This server has had enough requests of that kind for now; ask again in ${seconds} s.`
  return new FederationError('rate_limited', message, { headers: { 'retry-after': String(seconds) } })
}
