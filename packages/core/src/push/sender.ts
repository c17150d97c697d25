import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { LogHead, LogReader } from '../log/index.ts'
import type { Logger } from '../logger.ts'
import type { PeerClient } from '../peers/index.ts'
import type { Follower } from '../store/index.ts'
import type { PushOutcome, Telemetry } from '../telemetry/index.ts'
import { firstCatchingUp } from './catching-up.ts'
import { createConclusions, type Lane, RETRY_PAUSE_MS } from './conclusions.ts'
import { type Delivery, deliver } from './delivery.ts'
import type { FollowerList } from './follower-list.ts'
import { alive, waitMs } from './follower-state.ts'
import { createOutgoing, MAX_TRANSACTION_BYTES, type Transaction } from './outgoing.ts'

/** Transactions on their way at a time, to as many followers: each holds a socket, and shares its body with others. */
const MAX_UNDER_WAY = 64

/** Tells the followers what changed (PROTOCOL section 10). */
export interface Sender {
  /** The log grew, or its head was signed anew. */
  wake(): void
  /** Something changed for this follower: it is looked at now. */
  consider(serverName: string): void
  /** An authenticated request came from this server: if it is a follower, what failed is tried again. */
  heardFrom(serverName: string): void
  /** The entries of this server's own log, as last seen. */
  readonly logSize: number
  /** Begins to deliver, or takes up what other processes changed of the followers. */
  start(): Promise<void>
  /** Begins no more deliveries until the next `start`. What is under way has no effect any more. */
  stop(): void
}

/** What the sender works with. */
export interface SenderOptions {
  readonly serverName: string
  readonly followers: FollowerList
  readonly logReader: LogReader
  readonly peers: PeerClient
  /** Told of this server's newest head, as often as it is looked at. */
  readonly onHead: (head: LogHead) => void
  readonly environment: Environment
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Builds the sender, which rests until it is started. */
export function createSender(options: SenderOptions): Sender {
  const { serverName, followers, logReader, peers, environment, logger, telemetry } = options
  const outgoing = createOutgoing(serverName, logReader)
  const conclusions = createConclusions({ ...options, currentSize })
  const lanes = new Map<string, Lane>()
  /** Followers whose turn comes, the one that waits longest first. */
  const due = new Set<string>()
  const underWay = new Set<string>()
  let logSize = 0
  let isRunning = false
  let alarm: { readonly dueTs: number; readonly cancel: () => void } | undefined

  async function currentSize(): Promise<number> {
    const head = await logReader.head(serverName)
    if (head) options.onHead(head)
    logSize = head?.size ?? 0
    return logSize
  }

  const look = coalesced(
    async () => {
      await currentSize()
      for (const follower of followers.all()) line(follower)
      advance()
    },
    (error) => {
      if (error instanceof FederationError && error.code === 'closed') return
      logger.error({ err: error }, `the log could not be read for the followers: ${reasonOf(error)}`)
      if (isRunning) lookAt(environment.now() + RETRY_PAUSE_MS)
    },
  )

  /** Looks at all followers again at a time. */
  function lookAt(dueTs: number): void {
    if (alarm && alarm.dueTs <= dueTs) return
    alarm?.cancel()
    const cancel = environment.after(dueTs - environment.now(), () => {
      alarm = undefined
      void look()
    })
    alarm = { dueTs, cancel }
  }

  /** Puts a follower in line if there is something for it, or sees to it that it is looked at in time. */
  function line(follower: Follower): void {
    if (!isRunning || underWay.has(follower.serverName) || follower.acknowledgedSize >= logSize) return
    const pauseMs = waitMs(follower, environment)
    if (pauseMs === 0) due.add(follower.serverName)
    else lookAt(environment.now() + pauseMs)
  }

  /** One transaction a follower, then it is the others' turn. */
  function advance(): void {
    for (const name of due) {
      if (underWay.size >= MAX_UNDER_WAY) return
      due.delete(name)
      const follower = followers.get(name)
      if (follower && follower.acknowledgedSize < logSize) void serve(follower)
    }
  }

  async function serve({ serverName: name, acknowledgedSize }: Follower): Promise<void> {
    underWay.add(name)
    try {
      const lane = laneOf(name, acknowledgedSize)
      // What begins at the end of the log brings its head alone.
      const start = lane.catchingUp ? logSize : acknowledgedSize
      const transaction = await outgoing.from(start, logSize, lane.maxBytes)
      const delivery = await send(name, transaction)
      if (isRunning) await conclusions.draw(name, lane, transaction, delivery)
    } catch (error) {
      if (isRunning) conclusions.stumble(name, error)
    } finally {
      underWay.delete(name)
      const follower = followers.get(name)
      if (follower) line(follower)
      else lanes.delete(name)
      advance()
    }
  }

  async function send(name: string, transaction: Transaction): Promise<Delivery> {
    const entries = transaction.end - transaction.start
    const attributes = { 'manga_federation.follower': name, 'manga_federation.entries': entries }
    const delivery = await telemetry.span('manga_federation.push', attributes, () =>
      deliver(peers, name, transaction, environment),
    )
    telemetry.pushed(pushOutcome(delivery))
    return delivery
  }

  function laneOf(name: string, acknowledgedSize: number): Lane {
    const catchingUp = firstCatchingUp(acknowledgedSize, logSize)
    const lane = lanes.get(name) ?? { maxBytes: MAX_TRANSACTION_BYTES, misses: 0, catchingUp }
    lanes.set(name, lane)
    return lane
  }

  function consider(name: string): void {
    const follower = followers.get(name)
    if (follower) line(follower)
    advance()
  }

  return {
    wake: () => void look(),
    consider,
    heardFrom(name) {
      const follower = followers.get(name)
      if (!follower || (follower.failures === 0 && waitMs(follower, environment) === 0)) return
      followers.update(alive(follower))
      consider(name)
    },
    get logSize() {
      return logSize
    },
    async start() {
      await followers.load()
      isRunning = true
      await look()
    },
    stop() {
      isRunning = false
      alarm?.cancel()
      alarm = undefined
      due.clear()
    },
  }
}

/** Runs work once for all who ask for it while it has not begun, and once more for who asks while it runs. */
function coalesced(work: () => Promise<void>, onError: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const run = (): Promise<void> => {
    next = undefined
    running = work()
      .catch(onError)
      .finally(() => (running = undefined))
    return running
  }
  return () => {
    if (!running) return run()
    next ??= running.then(run)
    return next
  }
}

function pushOutcome({ outcome }: Delivery): PushOutcome {
  if (outcome === 'gone') return 'ended'
  return outcome === 'too_large' || outcome === 'later' ? 'refused' : outcome
}
