import { type Cache, bestEffortCache } from '../cache/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, type FederationErrorCode } from '../errors.ts'
import type { ServerNameOptions } from '../names/index.ts'
import { singleFlight } from '../single-flight.ts'
import { lifetimeMs, MAX_LIFETIME_MS, pauseMs } from './lifetime.ts'
import { readServerList, type ServerList } from './server-list.ts'
import { type Site, siteOf } from './site.ts'

/** The longest well-known file that is read, and the time for it in all (PROTOCOL section 3). */
const MAX_BYTES = 16 * 1024
const TIMEOUT_MS = 10_000

/** What is known of the servers of a site. */
export interface KnownServers extends ServerList {
  /** When the site told it, POSIX milliseconds. */
  readonly fetchedTs: number
  /**
   * `fresh`: asked for just now. `cached`: told before, and still counts. `stale`: does not count any more, but the
   * site could not be asked again, and it is less than 48 h old.
   */
  readonly source: 'fresh' | 'cached' | 'stale'
}

/** Finds the servers of a site by its domain (PROTOCOL section 3). */
export interface Discovery {
  /**
   * Tells the servers of a site, from the cache as long as that counts. Several look-ups of one domain at a time are
   * one request. A failure is remembered for 2 min, doubling to 1 h, and while a good answer is less than 48 h old
   * that is given instead.
   *
   * @param domain - as a person writes it: a host name, and a port if it needs one.
   * @throws FederationError `invalid_parameter` when that is no domain; when nothing is known, what
   *   {@link HttpClient.request} throws, and `bad_response` for an answer that is no list of servers.
   */
  lookUp(domain: string): Promise<KnownServers>
}

/** What discovery works with. */
export interface DiscoveryOptions {
  readonly client: HttpClient
  /** Where answers and failures are remembered. A `Keyv`; it may fail. */
  readonly cache: Cache
  readonly environment: Environment
  /** Which server names are accepted; with `allowInsecure`, loopback hosts are asked over http. */
  readonly names: ServerNameOptions
  /** From 0 to below 1, for the jitter: `Math.random`. */
  readonly random: () => number
}

/** An answer that was accepted, and when. */
type Answer = Omit<KnownServers, 'source'>

/** What went wrong since the last good answer. */
interface Failure {
  readonly code: FederationErrorCode
  readonly message: string
  readonly inARow: number
}

/** What is remembered of a site, as JSON. */
interface Entry {
  /** The last good one. */
  readonly answer?: Answer | undefined
  readonly failure?: Failure | undefined
  /** Until then the site is left alone, POSIX milliseconds. */
  readonly askAgainTs: number
}

/** Makes the client side of discovery. */
export function createDiscovery({ client, cache, environment, names, random }: DiscoveryOptions): Discovery {
  const entries = bestEffortCache<Entry>(cache, { kind: 'servers:1', ttlMs: MAX_LIFETIME_MS, environment })
  const together = singleFlight<KnownServers>()

  async function find(site: Site): Promise<KnownServers> {
    const entry = await entries.get(site.domain)
    return (entry && knownWithoutAsking(entry, environment.now())) ?? ask(site, entry)
  }

  async function ask(site: Site, entry: Entry | undefined): Promise<KnownServers> {
    try {
      const { answer, lifetime } = await fetchAnswer(site)
      await entries.set(site.domain, { answer, askAgainTs: answer.fetchedTs + lifetime })
      return { ...answer, source: 'fresh' }
    } catch (thrown) {
      // That this client was closed says nothing about the site.
      if (!(thrown instanceof FederationError) || thrown.code === 'closed') throw thrown
      return fallBack(site, entry, thrown)
    }
  }

  /** Remembers a failure, and gives the last good answer in its place. */
  async function fallBack(site: Site, entry: Entry | undefined, error: FederationError): Promise<KnownServers> {
    const nowTs = environment.now()
    const answer = usableAnswer(entry, nowTs)
    const inARow = (entry?.failure?.inARow ?? 0) + 1
    const failure = { code: error.code, message: error.message, inARow }
    await entries.set(site.domain, { answer, failure, askAgainTs: nowTs + pauseMs(inARow) })
    if (answer) return { ...answer, source: 'stale' }
    throw error
  }

  async function fetchAnswer({ domain, wellKnownUrl }: Site): Promise<{ answer: Answer; lifetime: number }> {
    const { status, headers, body } = await client.request('GET', wellKnownUrl, {
      headers: { accept: 'application/json' },
      maxBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    })
    if (status !== 200) {
      throw new FederationError('bad_response', `${domain} answered ${status} when asked for its list of servers.`)
    }
    const fetchedTs = environment.now()
    return {
      answer: { ...readServerList(body, domain, names), fetchedTs },
      lifetime: lifetimeMs(headers, fetchedTs, random),
    }
  }

  return {
    async lookUp(domain) {
      const site = siteOf(domain, names)
      return together(site.domain, () => find(site))
    },
  }
}

/**
 * What is known of a site while it is left alone; undefined when it is time to ask.
 *
 * @throws FederationError the remembered failure.
 */
function knownWithoutAsking(entry: Entry, nowTs: number): KnownServers | undefined {
  if (nowTs >= entry.askAgainTs) return undefined
  const { failure } = entry
  const answer = usableAnswer(entry, nowTs)
  if (answer) return { ...answer, source: failure ? 'stale' : 'cached' }
  if (failure) throw new FederationError(failure.code, failure.message)
  return undefined
}

/** The last good answer, unless it is too old. */
function usableAnswer(entry: Entry | undefined, nowTs: number): Answer | undefined {
  const answer = entry?.answer
  return answer && nowTs - answer.fetchedTs < MAX_LIFETIME_MS ? answer : undefined
}
