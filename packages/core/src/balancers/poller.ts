import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { createSlots } from '../follow/slots.ts'
import type { Logger } from '../logger.ts'
import { type BalancerFault, isPolled, pollWaitMs } from './balancer-state.ts'
import type { Registry } from './registry.ts'

/** Load balancers that are looked at at a time: a page of each is in memory, of 7 MiB at most. */
const MAX_POLLS_AT_A_TIME = 4

/** The pause after a fault of this server's own, such as a store that cannot be read. */
const RETRY_PAUSE_MS = 60 * 1000

/** Who left long ago is forgotten within this. */
const TIDY_EVERY_MS = 5 * 60 * 1000

/** Looks at load balancers when they are due. */
export interface Poller {
  start(): Promise<void>
  /** Somebody may be due. */
  wake(): void
  /** Begins no further look until the next `start`, and waits for those under way, which end with their client. */
  stop(): Promise<void>
}

/** What the poller works with. */
export interface PollerOptions {
  readonly registry: Registry
  /** Looks at one. */
  readonly check: (serverName: string) => Promise<BalancerFault | undefined>
  readonly environment: Environment
  readonly logger: Logger
}

/** Builds it. */
export function createPoller({ registry, check, environment, logger }: PollerOptions): Poller {
  const underWay = new Map<string, Promise<void>>()
  const slots = createSlots(MAX_POLLS_AT_A_TIME)
  let isWorking = false
  let cancelNext = (): void => {}
  let cancelTidying = (): void => {}

  function plan(delayMs: number): void {
    cancelNext()
    if (isWorking) cancelNext = environment.after(delayMs, () => void pollDue())
  }

  async function pollDue(): Promise<void> {
    try {
      const waiting = (await registry.list()).filter((row) => isPolled(row) && !underWay.has(row.serverName))
      const nowTs = environment.now()
      const [due, later] = [true, false].map((isDue) =>
        waiting.filter((row) => (pollWaitMs(row, nowTs) === 0) === isDue),
      )
      if (!isWorking) return
      for (const { serverName } of due ?? []) underWay.set(serverName, poll(serverName))
      const delaysMs = (later ?? []).map((row) => pollWaitMs(row, nowTs))
      if (delaysMs.length > 0) plan(Math.min(...delaysMs))
    } catch (error) {
      stumble('load balancers cannot be looked at now', error)
      plan(RETRY_PAUSE_MS)
    }
  }

  async function poll(serverName: string): Promise<void> {
    let pauseMs = 0
    try {
      await slots(async () => {
        if (isWorking) await registry.conclude(serverName, await check(serverName))
      })
    } catch (error) {
      stumble(`${serverName} cannot be looked at now`, error)
      pauseMs = RETRY_PAUSE_MS
    } finally {
      underWay.delete(serverName)
      plan(pauseMs)
    }
  }

  function stumble(what: string, error: unknown): void {
    if (error instanceof FederationError && error.code === 'closed') return
    logger.error({ err: error }, `${what}: ${reasonOf(error)}`)
  }

  function tidyLater(): void {
    cancelTidying = environment.after(TIDY_EVERY_MS, () => void tidy())
  }

  async function tidy(): Promise<void> {
    try {
      await registry.tidy()
    } catch (error) {
      stumble('the load balancers cannot be put in order now', error)
    }
    if (!isWorking) return
    tidyLater()
    plan(0)
  }

  return {
    async start() {
      if (isWorking) return plan(0)
      await registry.tidy()
      isWorking = true
      tidyLater()
      plan(0)
    },
    wake: () => plan(0),
    async stop() {
      isWorking = false
      cancelNext()
      cancelTidying()
      await Promise.all(underWay.values())
    },
  }
}
