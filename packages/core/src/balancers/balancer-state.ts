import { backOffMs, spreadMs } from '../back-off.ts'
import type { JsonObject } from '../json/index.ts'
import type { LoadBalancer } from '../store/index.ts'

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How often a load balancer is looked at, and at least while it fails (PROTOCOL section 7). */
export const POLL_EVERY_MS: number = 5 * MINUTE_MS
const MAX_PAUSE_MS = HOUR_MS

/** How far a delay is spread to both sides, so that not all are looked at in one moment. */
const SPREAD = 0.2

/** One that never held the catalog is given up after this: the time to mend a mistake, and no longer. */
const NEVER_SUCCEEDED_MS = 3 * DAY_MS

/** One that once held it is given up after failing for so long. */
const LOST_AFTER_MS = 30 * DAY_MS

/** What is wrong with a load balancer (PROTOCOL section 7). */
export type BalancerFaultCode =
  /** The catalog is outdated. */
  | 'E100'
  /** Unreachable. */
  | 'E101'
  /** Its keys are invalid. */
  | 'E102'
  /** The catalog is incomplete. */
  | 'E103'
  /** The catalog was altered. */
  | 'E104'
  /** It does not mirror this server. */
  | 'E105'

/** What was found wrong, in words for both operators: nothing of this server's network stands in it. */
export interface BalancerFault {
  readonly code: BalancerFaultCode
  readonly message: string
}

/** What `federation.loadBalancers` tells of one. */
export interface LoadBalancerStatus {
  readonly serverName: string
  /** See `LoadBalancer`. Only `success` is advertised. */
  readonly state: LoadBalancer['state']
  /** The state in words, and what to do where something is to be done. */
  readonly message: string
  /** What was found wrong the last time; undefined when nothing was. */
  readonly error: LoadBalancer['error']
  /** When it registered, POSIX milliseconds. */
  readonly registeredTs: number
  /** When it was looked at last, POSIX milliseconds; undefined before the first time. */
  readonly checkedTs: number | undefined
  /** When it was last found to hold the entire catalog, POSIX milliseconds; undefined when it never was. */
  readonly succeededTs: number | undefined
}

/** A server that has registered just now. */
export function newBalancer(serverName: string, state: 'asked' | 'pending', nowTs: number): LoadBalancer {
  return {
    serverName,
    state,
    registeredTs: nowTs,
    error: undefined,
    failures: 0,
    checkedTs: undefined,
    succeededTs: undefined,
    nextPollTs: nowTs,
  }
}

/** Whether it is looked at. */
export function isPolled({ state }: LoadBalancer): boolean {
  return state === 'pending' || state === 'success' || state === 'error'
}

/** Whether it takes up a place of its owner's. */
export function isRegistered(balancer: LoadBalancer): boolean {
  return balancer.state !== 'deleted'
}

/** What follows from a look at it. */
export function afterPoll(
  balancer: LoadBalancer,
  fault: BalancerFault | undefined,
  { nowTs, random }: { readonly nowTs: number; readonly random: () => number },
): LoadBalancer {
  const checked = { ...balancer, checkedTs: nowTs, error: fault }
  if (!fault) {
    const nextPollTs = nowTs + spreadMs(POLL_EVERY_MS, SPREAD, random)
    return { ...checked, state: 'success', failures: 0, succeededTs: nowTs, nextPollTs }
  }
  if (isLost(balancer, nowTs)) return { ...checked, state: 'deleted', registeredTs: nowTs }
  const pauseMs = backOffMs(balancer.failures + 1, POLL_EVERY_MS, MAX_PAUSE_MS)
  return {
    ...checked,
    state: 'error',
    failures: balancer.failures + 1,
    nextPollTs: nowTs + spreadMs(pauseMs, SPREAD, random),
  }
}

/** It says that it is there: it is looked at soon, and still no more often than one that works. */
export function alive(balancer: LoadBalancer): LoadBalancer {
  const { checkedTs, nextPollTs } = balancer
  return { ...balancer, nextPollTs: Math.min(nextPollTs, (checkedTs ?? 0) + POLL_EVERY_MS) }
}

/** How long until it is looked at, in milliseconds. A pause longer than any means that the clock was set back. */
export function pollWaitMs({ nextPollTs }: LoadBalancer, nowTs: number): number {
  const missingMs = nextPollTs - nowTs
  return missingMs > MAX_PAUSE_MS * (1 + SPREAD) ? 0 : Math.max(missingMs, 0)
}

/** What it is told of itself (PROTOCOL section 7). That its operator's word is missing shows as `pending`. */
export function wireState({ serverName, state, error }: LoadBalancer): JsonObject {
  const shown = state === 'asked' ? 'pending' : state === 'refused' ? 'deleted' : state
  const told = { server_name: serverName, state: shown }
  return shown === 'error' && error ? { ...told, error: { error_code: error.code, message: error.message } } : told
}

/** The row as people are shown it. */
export function statusOf(balancer: LoadBalancer): LoadBalancerStatus {
  const { serverName, state, error, registeredTs, checkedTs, succeededTs } = balancer
  const message = WORDS[state](serverName, error?.message)
  return { serverName, state, message, error, registeredTs, checkedTs, succeededTs }
}

/** What each state means to the operator, given the server's name and what was found wrong. */
const WORDS: Readonly<Record<LoadBalancer['state'], (name: string, wrong: string | undefined) => string>> = {
  asked: (name) =>
    `${name} offers to serve this catalog too, and waits for your word: loadBalancers.approve or loadBalancers.refuse.`,
  pending: (name) => `${name} is looked at soon, and advertised once it holds the entire catalog.`,
  success: (name) => `${name} holds the entire catalog and is advertised.`,
  error: (name, wrong = '') => `${name} is not advertised. ${wrong} It is looked at again by itself.`,
  refused: (name) => `You refused ${name}. To take it after all: loadBalancers.approve.`,
  deleted: (name, wrong) =>
    wrong === undefined
      ? `${name} ended its registration.`
      : `${name} failed for too long and was given up. ${wrong} It may register anew.`,
}

function isLost({ registeredTs, succeededTs }: LoadBalancer, nowTs: number): boolean {
  return succeededTs === undefined ? nowTs - registeredTs > NEVER_SUCCEEDED_MS : nowTs - succeededTs > LOST_AFTER_MS
}
