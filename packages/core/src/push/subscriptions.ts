import { backOffMs } from '../back-off.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import { encodeCanonical, isJsonObject } from '../json/index.ts'
import type { LogReader } from '../log/index.ts'
import type { Logger } from '../logger.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { PeerAnswer, PeerClient } from '../peers/index.ts'
import { type EventStream, openEventStream } from './event-stream.ts'

/** A subscription is asked for again so often: an origin that lost its database knows no followers any more. */
const RENEW_MS = 24 * 60 * 60 * 1000

/** The first pause after asking in vain, which doubles up to the time of a renewal. */
const FIRST_PAUSE_MS = 60 * 1000

/** Where changes were found by asking although they should have been pushed, the origin is not asked why more often. */
const STAY_AWAY_REST_MS = 10 * 60 * 1000

/** The jitter takes up to a tenth off, so that not all who started together come back together. */
const JITTER = 0.1

/** One origin that should tell this server of changes. */
interface Subscription {
  /** When it was last asked to, POSIX milliseconds. */
  askedTs: number
  failures: number
  isAsking: boolean
  cancel: () => void
  /** Open while the origin cannot push. */
  stream: EventStream | undefined
}

/** Sees to it that followed servers tell this one of changes: by pushing, or by events where they cannot. */
export interface Subscriptions {
  /** Subscribes with an origin, once however often it is called, and again every day. */
  announce(origin: string): void
  /** Ends it, and tells the origin, which is not waited for. */
  withdraw(origin: string): void
  /** Entries of this origin were stored: where no push brought them, the origin is asked why. */
  applied(origin: string): void
  /** Does what stores a pushed transaction. */
  whilePushing<Result>(origin: string, work: () => Promise<Result>): Promise<Result>
  /** Before it, and after `stop`, nobody is subscribed with. */
  start(): void
  /** Forgets all subscriptions, until the next `start`. */
  stop(): void
}

/** What subscribing works with. */
export interface SubscriptionsOptions {
  readonly serverName: string
  readonly peers: PeerClient
  readonly client: HttpClient
  readonly logReader: LogReader
  /** Whether others reach this server. Where it knows that they do not, it subscribes nowhere and reads events. */
  readonly reachable: boolean
  /** Something may be new there. */
  readonly poke: (origin: string) => void
  readonly environment: Environment
  readonly logger: Logger
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Builds the subscriptions, of which there are none yet. */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { serverName, peers, client, logReader, reachable, poke, environment, logger, random } = options
  const subscriptions = new Map<string, Subscription>()
  const pushing = new Map<string, number>()
  let isWorking = false

  async function ask(origin: string, subscription: Subscription): Promise<void> {
    if (subscription.isAsking) return
    subscription.cancel()
    subscription.isAsking = true
    subscription.askedTs = environment.now()
    try {
      const bytes = encodeCanonical({ server_name: serverName })
      draw(origin, subscription, await peers.request('POST', `${origin}/federation/followers`, { bytes }))
    } catch (error) {
      subscription.failures++
      logger.info({ origin }, `${origin} could not be asked to push its changes: ${reasonOf(error)}`)
    } finally {
      subscription.isAsking = false
      if (subscriptions.get(origin) === subscription) askAgainLater(origin, subscription)
    }
  }

  /** Draws the conclusion from an answer: pushes come, or events are read instead. */
  function draw(origin: string, subscription: Subscription, { status, json }: PeerAnswer): void {
    const isTaken = status === 201 || status === 200
    const cannotPush = isJsonObject(json) && isJsonObject(json.error)
    subscription.failures = isTaken ? 0 : subscription.failures + 1
    if (isTaken && !cannotPush) return closeStream(subscription)
    logger.info({ origin, status }, `${origin} pushes nothing to this server; its events are read instead`)
    openStream(origin, subscription)
  }

  function askAgainLater(origin: string, subscription: Subscription): void {
    const { failures } = subscription
    const pauseMs = failures === 0 ? RENEW_MS : backOffMs(failures, FIRST_PAUSE_MS, RENEW_MS)
    const task = (): void => void ask(origin, subscription)
    subscription.cancel = environment.after(Math.round(pauseMs * (1 - JITTER * random())), task)
  }

  function openStream(origin: string, subscription: Subscription): void {
    if (subscriptions.get(origin) !== subscription) return
    subscription.stream ??= openEventStream({
      client,
      origin,
      since: async () => (await logReader.head(origin))?.size ?? 0,
      onHead: () => poke(origin),
      environment,
      logger,
      random,
    })
  }

  function closeStream(subscription: Subscription): void {
    subscription.stream?.close()
    subscription.stream = undefined
  }

  function forget(origin: string, subscription: Subscription): void {
    subscriptions.delete(origin)
    subscription.cancel()
    closeStream(subscription)
  }

  async function tell(origin: string): Promise<void> {
    try {
      await peers.request('DELETE', `${origin}/federation/followers/${encodeServerNameSegment(serverName)}`)
    } catch (error) {
      logger.info(
        { origin },
        `${origin} could not be told that its changes are not wanted any more: ${reasonOf(error)}`,
      )
    }
  }

  return {
    announce(origin) {
      if (!isWorking || subscriptions.has(origin)) return
      const subscription: Subscription = { askedTs: 0, failures: 0, isAsking: false, cancel() {}, stream: undefined }
      subscriptions.set(origin, subscription)
      if (reachable) void ask(origin, subscription)
      else openStream(origin, subscription)
    },
    withdraw(origin) {
      const subscription = subscriptions.get(origin)
      if (!subscription) return
      forget(origin, subscription)
      if (reachable) void tell(origin)
    },
    applied(origin) {
      const subscription = subscriptions.get(origin)
      if (!reachable || !subscription || subscription.stream || pushing.has(origin)) return
      if (environment.now() - subscription.askedTs >= STAY_AWAY_REST_MS) void ask(origin, subscription)
    },
    async whilePushing(origin, work) {
      pushing.set(origin, (pushing.get(origin) ?? 0) + 1)
      try {
        return await work()
      } finally {
        const left = (pushing.get(origin) ?? 1) - 1
        if (left === 0) pushing.delete(origin)
        else pushing.set(origin, left)
      }
    },
    start() {
      isWorking = true
    },
    stop() {
      isWorking = false
      for (const [origin, subscription] of subscriptions) forget(origin, subscription)
    },
  }
}
