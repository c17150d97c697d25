import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import type { LogReader } from '../log/index.ts'
import type { Logger } from '../logger.ts'
import type { PeerClient } from '../peers/index.ts'
import type { Tell } from '../sharing/index.ts'
import type { Follower, FollowerStore } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { createFollowerList } from './follower-list.ts'
import { type FollowerStatus, newFollower, statusOf } from './follower-state.ts'
import { createHeadEvents, type HeadEvents } from './head-events.ts'
import { createSender } from './sender.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

/** A follower that failed is tried again soon enough, and others are not told of each of its requests. */
const TELL_ALIVE_EVERY_MS = 60 * 1000

/** Telling others of changes, and being told (PROTOCOL section 10). */
export interface Push {
  /** The own log grew, or its head was signed anew. */
  wake(): void
  /** Takes a follower on, and tells it at once what it lacks. Idempotent. */
  subscribe(serverName: string): Promise<Follower>
  /** Lets it go. Idempotent. */
  unsubscribe(serverName: string): Promise<void>
  /** An authenticated request came from this server. */
  heardFrom(serverName: string): void
  /** The followers, by name. */
  followers(): FollowerStatus[]
  /** This server's own subscriptions. */
  readonly subscriptions: Subscriptions
  readonly events: HeadEvents
  /** Another process changed who follows this server. */
  changed(): Promise<void>
  /** Takes up where the last process ended. */
  start(): Promise<void>
  /** Tells nobody any more, until the next `start`, and stores what followers acknowledged. */
  stop(): Promise<void>
}

/** What push works with. */
export interface PushOptions {
  /** This server's. */
  readonly serverName: string
  readonly followers: FollowerStore
  readonly logReader: LogReader
  readonly client: HttpClient
  readonly peers: PeerClient
  /** Whether others reach this server; if not, it reads the events of those that it follows. */
  readonly reachable: boolean
  /** Tells other processes what changed of the followers. */
  readonly tell: Tell
  /** Something may be new at a followed server. */
  readonly poke: (origin: string) => void
  readonly environment: Environment
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Puts push together; it rests until it is started. */
export function createPush(options: PushOptions): Push {
  const { environment, logger, tell } = options
  const followers = createFollowerList({ store: options.followers, environment, logger })
  const events = createHeadEvents(environment)
  const sender = createSender({ ...options, followers, onHead: (head) => events.tell(head) })
  const subscriptions = createSubscriptions(options)
  let isWorking = false
  /** When other processes were last told that a follower was heard from, POSIX milliseconds. */
  const toldAliveTs = new Map<string, number>()

  /** Whoever delivers to it knows whether that is news. */
  function tellAlive(name: string): void {
    if (!followers.get(name) || environment.now() - (toldAliveTs.get(name) ?? 0) < TELL_ALIVE_EVERY_MS) return
    toldAliveTs.set(name, environment.now())
    tell('alive', name)
  }

  return {
    wake: () => sender.wake(),
    async subscribe(name) {
      if (await followers.add(name)) tell('followers', name)
      sender.consider(name)
      return followers.get(name) ?? newFollower(name, environment.now())
    },
    async unsubscribe(name) {
      toldAliveTs.delete(name)
      await followers.remove(name)
      tell('followers', name)
    },
    heardFrom: (name) => (isWorking ? sender.heardFrom(name) : tellAlive(name)),
    followers: () =>
      Array.from(followers.all(), (follower) => statusOf(follower, sender.logSize)).sort((a, b) =>
        a.serverName < b.serverName ? -1 : 1,
      ),
    subscriptions,
    events,
    async changed() {
      await followers.load()
      sender.wake()
    },
    async start() {
      isWorking = true
      subscriptions.start()
      await sender.start()
    },
    async stop() {
      isWorking = false
      sender.stop()
      subscriptions.stop()
      await followers.settle()
    },
  }
}
