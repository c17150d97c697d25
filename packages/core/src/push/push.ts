import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import type { LogReader } from '../log/index.ts'
import type { Logger } from '../logger.ts'
import type { PeerClient } from '../peers/index.ts'
import type { Follower, FollowerStore } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { createFollowerList } from './follower-list.ts'
import { type FollowerStatus, newFollower, statusOf } from './follower-state.ts'
import { createHeadEvents, type HeadEvents } from './head-events.ts'
import { createSender } from './sender.ts'
import { createSubscriptions, type Subscriptions } from './subscriptions.ts'

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
  /** Takes up where the last process ended. */
  start(): Promise<void>
  /** Ends what is under way, and stores what followers acknowledged. */
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
  const { environment, logger } = options
  const followers = createFollowerList({ store: options.followers, environment, logger })
  const events = createHeadEvents(environment)
  const sender = createSender({ ...options, followers, onHead: (head) => events.tell(head) })
  const subscriptions = createSubscriptions(options)

  return {
    wake: () => sender.wake(),
    async subscribe(name) {
      await followers.add(name)
      sender.consider(name)
      return followers.get(name) ?? newFollower(name, environment.now())
    },
    unsubscribe: (name) => followers.remove(name),
    heardFrom: (name) => sender.heardFrom(name),
    followers: () =>
      Array.from(followers.all(), (follower) => statusOf(follower, sender.logSize)).sort((a, b) =>
        a.serverName < b.serverName ? -1 : 1,
      ),
    subscriptions,
    events,
    start: () => sender.start(),
    async stop() {
      sender.stop()
      subscriptions.stop()
      await followers.close()
    },
  }
}
