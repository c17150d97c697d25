import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { voiceOf } from '../keys/ask-witnesses.ts'
import { createTokenBuckets, type Rate } from '../limits/token-buckets.ts'
import type { LoadBalancer } from '../store/index.ts'
import { isPolled, isRegistered } from './balancer-state.ts'

/** Load balancers that are looked at: as many as readers take from a well-known file (PROTOCOL section 3). */
const MAX_POLLED = 64

/** Servers that wait for the operator's word: more than he reads. */
const MAX_ASKED = 256

/** Load balancers of one owner: whoever has a domain can make up names under it, and would take all places with them. */
const MAX_AN_OWNER = 4

/** Registrations of one owner: each can cause a look, which is some requests. */
const OWNER_RATE: Rate = { burst: 8, refillMs: 10 * 60 * 1000 }

/** Registrations of all: a busy day at once, then one a minute, so that a look costs what it costs for one more. */
const TOTAL_RATE: Rate = { burst: MAX_POLLED, refillMs: 60 * 1000 }

/** Owners that are remembered: some 100 KiB. */
const MAX_OWNERS = 1_000

/** The one bucket of the total. */
const TOTAL = 'total'

/** Decides whether another load balancer is taken: places are bounded, and how often they change hands. */
export interface Room {
  /**
   * Counts a registration.
   *
   * @param state - that it would have.
   * @param rows - of all that are known.
   * @throws FederationError `too_many_load_balancers`, or `rate_limited` with `retry-after`.
   */
  take(serverName: string, state: 'asked' | 'pending', rows: readonly LoadBalancer[]): void
}

/** Builds it. */
export function createRoom(environment: Environment): Room {
  const owners = createTokenBuckets(OWNER_RATE, MAX_OWNERS, environment)
  const total = createTokenBuckets(TOTAL_RATE, 1, environment)
  return {
    take(serverName, state, rows) {
      const owner = voiceOf(serverName)
      if (state === 'pending') requirePollRoom(rows)
      else if (rows.filter((row) => row.state === 'asked').length >= MAX_ASKED) {
        throw tooMany(`${MAX_ASKED} servers wait for the word of its operator`)
      }
      const others = rows.filter((row) => isRegistered(row) && voiceOf(row.serverName) === owner)
      if (others.length >= MAX_AN_OWNER) throw tooMany(`${MAX_AN_OWNER} of ${owner} are registered`)
      const waitMs = Math.max(owners.waitMs(owner), total.waitMs(TOTAL))
      if (waitMs > 0) throw tooOften(waitMs)
      owners.take(owner)
      total.take(TOTAL)
    },
  }
}

/** @throws FederationError `too_many_load_balancers` when no further one can be looked at. */
export function requirePollRoom(rows: readonly LoadBalancer[]): void {
  if (rows.filter(isPolled).length >= MAX_POLLED) throw tooMany(`${MAX_POLLED} are registered`)
}

function tooMany(what: string): FederationError {
  return new FederationError('too_many_load_balancers', `This server takes no further load balancer: ${what} already.`)
}

function tooOften(waitMs: number): FederationError {
  const seconds = Math.ceil(waitMs / 1000)
  const message = `Too many registrations came lately; register again in ${seconds} s.`
  return new FederationError('rate_limited', message, { headers: { 'retry-after': String(seconds) } })
}
