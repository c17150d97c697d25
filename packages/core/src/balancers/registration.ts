import { backOffMs, spreadMs } from '../back-off.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { Following, OriginRecords } from '../follow/index.ts'
import { encodeCanonical } from '../json/index.ts'
import type { Logger } from '../logger.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { PeerAnswer, PeerClient } from '../peers/index.ts'
import { readError, readRegistration, type RegistrationFacts } from './volunteer-state.ts'

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS

/** A registration is entered again so often: a server that lost its database knows no load balancers any more. */
const RENEW_MS = 24 * HOUR_MS

/** How often it is asked how the registration stands: as often as it looks while something is missing. */
const ASK_EVERY_MS = 5 * MINUTE_MS
const ASK_WHEN_FINE_MS = 15 * MINUTE_MS

/** A server that was just entered is looked at within seconds. */
const ASK_AFTER_ENTERING_MS = 10_000

/** The pause after a failure, which doubles up to an hour. */
const FIRST_PAUSE_MS = MINUTE_MS
const MAX_PAUSE_MS = HOUR_MS

/** How far a delay is spread to both sides, so that the volunteers of a server do not come all at once. */
const SPREAD = 0.2

/** What one registration works with. */
export interface RegistrationOptions {
  /** This server's. */
  readonly serverName: string
  readonly following: Pick<Following, 'status'>
  readonly records: OriginRecords
  readonly peers: PeerClient
  /** Whether it is visited by itself. If not, only when asked to: another process looks after it. */
  readonly mayPlan: () => boolean
  readonly environment: Environment
  readonly logger: Logger
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** The registration of this server as a load balancer of another one: made once all is mirrored, and kept. */
export interface Registration {
  readonly facts: RegistrationFacts
  /** Brings it forward now. Resolves when that is over, however it went. */
  visitNow(): Promise<void>
  /** Waits no longer for the whole catalog if that is what it waits for. */
  mirrored(): void
  /** Tells the other server once that it is over, and does no more. */
  abandon(): Promise<void>
  /** Does no more, and waits for what is under way. */
  end(): Promise<void>
}

/** Builds it; nothing happens before it is visited. */
export function createRegistration(origin: string, options: RegistrationOptions): Registration {
  const { serverName, following, records, peers, environment, logger, random } = options
  const ownUrl = `${origin}/load-balancer/${encodeServerNameSegment(serverName)}`
  let facts: RegistrationFacts = { state: 'asking', error: undefined, checkedTs: undefined }
  let enteredTs = -Infinity
  let failures = 0
  let running: Promise<void> | undefined
  /** Whether more of the catalog came during a visit, which may have looked before. */
  let hasNews = false
  let cancelNext = (): void => {}
  let isOver = false

  function note(state: RegistrationFacts['state'], error?: RegistrationFacts['error']): void {
    if (state !== facts.state) logger.info({ origin, error }, `as a load balancer of ${origin}: ${state}`)
    facts = { state, error, checkedTs: environment.now() }
  }

  /** @returns how long to wait for the next time; undefined when it is over. */
  async function visit(): Promise<number | undefined> {
    const record = await records.get(origin)
    if (!record || record.volunteer === 'no') return undefined
    try {
      const waitMs = record.volunteer === 'ending' ? await leave() : await stay()
      failures = 0
      return waitMs
    } catch (error) {
      if (error instanceof FederationError && error.code === 'closed') return undefined
      failures += 1
      note(record.volunteer === 'ending' ? 'ending' : 'unreachable', {
        code: error instanceof FederationError ? error.code : 'internal',
        message: reasonOf(error),
      })
      return backOffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS)
    }
  }

  async function stay(): Promise<number> {
    if (environment.now() - enteredTs >= RENEW_MS) {
      if (!(await isWhole())) {
        note('mirroring')
        return ASK_EVERY_MS
      }
      if (!(await enter())) return RENEW_MS
    }
    return ask()
  }

  async function isWhole(): Promise<boolean> {
    const state = (await following.status(origin))?.state
    return state === 'fresh' || state === 'stale'
  }

  /** @returns whether the other server took the registration. */
  async function enter(): Promise<boolean> {
    const bytes = encodeCanonical({ server_name: serverName })
    const answer = await peers.request('POST', `${origin}/load-balancer`, { bytes })
    if (answer.status === 201 || answer.status === 200) {
      enteredTs = environment.now()
      return true
    }
    if (answer.status === 403) note('refused', readError(answer.json))
    else if (answer.status === 404 || answer.status === 405) note('unsupported')
    else throw unexpected(answer)
    return false
  }

  async function ask(): Promise<number> {
    const answer = await peers.request('GET', ownUrl)
    const told = answer.status === 404 ? { state: 'deleted' as const, error: undefined } : readRegistration(answer.json)
    if (!told || (answer.status !== 200 && answer.status !== 404)) throw unexpected(answer)
    note(told.state, told.error)
    // The next visit enters it anew.
    if (told.state === 'deleted') enteredTs = -Infinity
    if (told.state === 'success') return ASK_WHEN_FINE_MS
    return environment.now() - enteredTs < ASK_AFTER_ENTERING_MS ? ASK_AFTER_ENTERING_MS : ASK_EVERY_MS
  }

  async function leave(): Promise<undefined> {
    const answer = await peers.request('DELETE', ownUrl)
    // Who does not know this server, or refuses it, advertises it no more.
    if (![204, 200, 403, 404, 405].includes(answer.status)) throw unexpected(answer)
    await records.change(origin, (record) => ({ ...record, volunteer: 'no' }))
    return undefined
  }

  function unexpected({ status, json }: PeerAnswer): FederationError {
    const reason = readError(json)?.message ?? ''
    return new FederationError('bad_response', `${origin} answered ${status} to the registration. ${reason}`.trimEnd())
  }

  async function visitAndPlan(): Promise<void> {
    let waitMs: number | undefined = MAX_PAUSE_MS
    hasNews = false
    try {
      waitMs = await visit()
    } catch (error) {
      logger.error({ origin }, `The registration with ${origin} cannot be kept now: ${reasonOf(error)}`)
    }
    running = undefined
    if (waitMs === undefined || isOver || !options.mayPlan()) return
    const isPassedBy = hasNews && facts.state === 'mirroring'
    const delayMs = isPassedBy ? 0 : spreadMs(waitMs, SPREAD, random)
    cancelNext = environment.after(delayMs, () => void run())
  }

  function run(): Promise<void> {
    cancelNext()
    running ??= visitAndPlan()
    return running
  }

  async function end(): Promise<void> {
    isOver = true
    cancelNext()
    await running
  }

  return {
    get facts() {
      return facts
    },
    async visitNow() {
      await running
      if (!isOver) await run()
    },
    mirrored() {
      hasNews = true
      if (facts.state === 'mirroring' && !running && !isOver && options.mayPlan()) void run()
    },
    async abandon() {
      await end()
      await peers.request('DELETE', ownUrl).catch((error: unknown) => {
        logger.info({ origin }, `${origin} could not be told that it is mirrored here no more: ${reasonOf(error)}`)
      })
    },
    end,
  }
}
