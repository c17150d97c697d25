import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { clientNetwork } from './client-network.ts'
import { createTokenBuckets, type Rate } from './token-buckets.ts'

/** One client: two questions for 50 servers each (PROTOCOL section 5.2) at once, then one server a second. */
const CLIENT_RATE: Rate = { burst: 100, refillMs: 1_000 }

/** One target: some servers on one host, and keys that change just then; later 10 a minute, less than one reader. */
const TARGET_RATE: Rate = { burst: 20, refillMs: 6_000 }

/** All together: a rush of new readers, then 10 a second, at 64 KiB a document some 5 Mbit/s. */
const TOTAL_RATE: Rate = { burst: 500, refillMs: 100 }

/**
 * Clients, and targets, that are remembered: some MB. Whoever has more networks than that to get himself forgotten
 * with is held by the total.
 */
const MAX_REMEMBERED = 20_000

/** Requests under way at a time: each keeps a socket and its body's buffer, for 10 s at most (PROTOCOL section 11). */
const MAX_UNDER_WAY = 64

/** When to come back while all are under way: most answers take less. */
const BUSY_WAIT_MS = 1_000

/** The one bucket of the total. */
const TOTAL = 'total'

/** A request to another server that a stranger causes. */
export interface StrangersWork {
  /** Who causes it: the address that the framework knows by its own trust-proxy setting. */
  readonly clientAddress: string
  /** The server that would be asked, canonical. */
  readonly serverName: string
}

/** Ends what was allowed, once; further calls do nothing. */
export type Release = () => void

/**
 * Limits the requests to other servers that strangers cause: those of one client address (IPv6: of one /64), those
 * towards one host, all together, and those under way at a time. Work that is refused uses up none of them.
 */
export interface WorkLimits {
  /**
   * Allows one request.
   *
   * @returns what must be called when the request is over, however it ended.
   * @throws FederationError `rate_limited`, with `retry-after` in seconds among its headers.
   */
  take(work: StrangersWork): Release
}

/** Makes the limits of one server. */
export function createWorkLimits({ environment }: { readonly environment: Environment }): WorkLimits {
  const clients = createTokenBuckets(CLIENT_RATE, MAX_REMEMBERED, environment)
  const targets = createTokenBuckets(TARGET_RATE, MAX_REMEMBERED, environment)
  const total = createTokenBuckets(TOTAL_RATE, 1, environment)
  let underWay = 0

  function waitMs(client: string, target: string): number {
    const busyMs = underWay < MAX_UNDER_WAY ? 0 : BUSY_WAIT_MS
    return Math.max(clients.waitMs(client), targets.waitMs(target), total.waitMs(TOTAL), busyMs)
  }

  function start(client: string, target: string): Release {
    clients.take(client)
    targets.take(target)
    total.take(TOTAL)
    underWay++
    let isOver = false
    return () => {
      if (!isOver) underWay--
      isOver = true
    }
  }

  return {
    take({ clientAddress, serverName }) {
      const client = clientNetwork(clientAddress)
      const target = targetHost(serverName)
      const wait = waitMs(client, target)
      if (wait > 0) throw refusal(wait)
      return start(client, target)
    },
  }
}

/** Host and port: a host can have any number of server names, which differ in their paths. */
function targetHost(serverName: string): string {
  return new URL(serverName).host
}

function refusal(waitMs: number): FederationError {
  const seconds = Math.ceil(waitMs / 1000)
  return new FederationError(
    'rate_limited',
    `This server asks no more other servers on your behalf for now; ask again in ${seconds} s.`,
    { headers: { 'retry-after': String(seconds) } },
  )
}
