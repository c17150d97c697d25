import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Follower } from '../store/index.ts'
import { type CatchingUp, catchingUpFrom, catchingUpPauseMs } from './catching-up.ts'
import type { Delivery } from './delivery.ts'
import type { FollowerList } from './follower-list.ts'
import { failed, inStep, isLost, paused } from './follower-state.ts'
import type { Transaction } from './outgoing.ts'

/** The pause for a follower that is at another place each time: it is catching up by pulling meanwhile. */
const CATCHING_UP_PAUSE_MS = 10_000

/** The pause after a fault of this server's own. */
export const RETRY_PAUSE_MS = 10_000

/** What is known of a follower only as long as this process runs. */
export interface Lane {
  /** The largest transaction that it takes, in bytes; it halves with every 413. */
  maxBytes: number
  /** Answers "not at start" since the last acknowledgment or pause. */
  misses: number
  /** While it is left to pull. */
  catchingUp: CatchingUp | undefined
}

/** What follows from the answers of followers. */
export interface Conclusions {
  /** Brings a follower's row up to date after a delivery. */
  draw(name: string, lane: Lane, transaction: Transaction, delivery: Delivery): Promise<void>
  /** This server's own fault, such as a store that cannot be read, is no reason to give a follower up. */
  stumble(name: string, error: unknown): void
}

/** What conclusions are drawn with. */
export interface ConclusionsOptions {
  readonly followers: FollowerList
  /** The entries of this server's own log, looked at anew. */
  readonly currentSize: () => Promise<number>
  readonly environment: Environment
  readonly logger: Logger
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Builds what draws them. */
export function createConclusions(options: ConclusionsOptions): Conclusions {
  const { followers, currentSize, environment, logger, random } = options

  /** Goes on from where the follower says that it stands. */
  async function resume(
    name: string,
    lane: Lane,
    { start, end, logSize }: Transaction,
    { outcome, size }: Extract<Delivery, { readonly size: number }>,
  ): Promise<void> {
    if (size > logSize && size > (await currentSize())) return stopAhead(name, size)
    if (outcome === 'acknowledged' && size < Math.min(start + 1, end)) {
      return fail(name, 'It acknowledged a transaction and did not take it.')
    }
    replace(name, (row) => inStep(row, size))
    lane.catchingUp = outcome === 'acknowledged' ? undefined : catchingUpFrom(lane.catchingUp, { size, logSize })
    if (lane.catchingUp) return leaveToPull(name, lane, logSize - size)
    lane.misses = outcome === 'acknowledged' ? 0 : lane.misses + 1
    if (lane.misses < 2) return
    lane.misses = 0
    const words = `It stands at entry ${size}, where it did not stand before: it seems to be catching up by itself.`
    replace(name, (row) => paused(row, words, CATCHING_UP_PAUSE_MS, environment.now()))
  }

  function leaveToPull(name: string, lane: Lane, lacking: number): void {
    lane.misses = 0
    const words = `It lacks ${lacking} entries, and is catching up by pulling.`
    replace(name, (row) => paused(row, words, catchingUpPauseMs(lacking), environment.now()))
  }

  /** Since it holds more than there is, it is told nothing from now on. */
  async function stopAhead(name: string, size: number): Promise<void> {
    const logSize = await currentSize()
    const words =
      `${name} holds ${size} entries of this server's log, which has only ${logSize}: ` +
      'this server signed more than its database knows of, so an older copy of the database must have been restored. ' +
      'What is published now contradicts what others hold, and they will refuse it. Restore the newest copy; if there ' +
      'is none, begin a new log: export the identity, and start with it on an empty database.'
    logger.error({ follower: name, size, logSize }, words)
    replace(name, (row) => ({ ...inStep(row, size), lastError: words }))
  }

  async function shrink(name: string, lane: Lane, { start, end, body }: Transaction): Promise<void> {
    if (end - start > 1) lane.maxBytes = Math.floor(body.byteLength / 2)
    else await fail(name, `It takes no transaction of ${body.byteLength} bytes, which is one change.`)
  }

  async function fail(name: string, words: string): Promise<void> {
    const nowTs = environment.now()
    const row = replace(name, (before) => failed(before, words, { nowTs, random }))
    if (row && isLost(row, nowTs)) await endSubscription(name, `for 90 days nothing could be delivered to it. ${words}`)
  }

  async function endSubscription(name: string, why: string): Promise<void> {
    logger.warn({ follower: name }, `${name} is no follower any more: ${why}`)
    await followers.remove(name)
  }

  /** Nothing happens to a follower that left meanwhile. */
  function replace(name: string, change: (row: Follower) => Follower): Follower | undefined {
    const row = followers.get(name)
    if (!row) return undefined
    const changed = change(row)
    followers.update(changed)
    return changed
  }

  return {
    async draw(name, lane, transaction, delivery) {
      switch (delivery.outcome) {
        case 'acknowledged':
        case 'not_at_start':
          return resume(name, lane, transaction, delivery)
        case 'too_large':
          return shrink(name, lane, transaction)
        case 'later':
          return void replace(name, (row) => paused(row, delivery.words, delivery.pauseMs, environment.now()))
        case 'gone':
          return endSubscription(name, 'it answered that it wants no more (410).')
        case 'refused':
        case 'unreachable':
          return fail(name, delivery.words)
      }
    },
    stumble(name, error) {
      logger.error({ err: error, follower: name }, `nothing could be pushed: ${reasonOf(error)}`)
      const words = `Nothing could be sent: ${reasonOf(error)}`
      replace(name, (row) => paused(row, words, RETRY_PAUSE_MS, environment.now()))
    },
  }
}
