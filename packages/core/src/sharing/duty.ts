import { spreadMs } from '../back-off.ts'
import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { SharedStore } from '../store/index.ts'

/** Following, pushing, polling load balancers and the daily pass belong together: who has one of them has all. */
const WORK = 'background'

/** How long the work is this process's without a further word of it. With the next try, others take over within 30 s. */
const CLAIM_MS = 20_000

/** How often it is asked for: it is kept though two tries fail, and is taken over soon after its end. */
const CLAIM_EVERY_MS = 6_000

/** Before others may have it: what is under way ends in between. */
const GIVE_UP_AFTER_MS = CLAIM_MS - 2_000

/** How far a delay is spread to both sides, so that processes that started together do not ask together. */
const SPREAD = 0.2

/** The background work of a store, which one of the processes that share it does for all of them. */
export interface Duty {
  /** Whether it is this process that does it. */
  isHeld(): boolean
  /**
   * Tries to get the work, now and from then on. When it resolves, the work has begun here or is another process's.
   *
   * @throws what the store failed with, or beginning did; nothing goes on then.
   */
  start(): Promise<void>
  /** Begins the work once more where it is here, so that it takes up what changed without its knowing. */
  refresh(): Promise<void>
  /** Ends the work here, and gives it to whoever asks next. */
  stop(): Promise<void>
}

/** What a duty works with. */
export interface DutyOptions {
  /** Undefined where no other process can be there: then the work is always here. */
  readonly shared: SharedStore | undefined
  /** Begins the work. */
  readonly begin: () => Promise<void>
  /** Ends it, so that it can begin again. */
  readonly rest: () => Promise<void>
  readonly environment: Environment
  readonly logger: Logger
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Builds it; nothing is asked for before `start`. */
export function createDuty({ shared, begin, rest, environment, logger, random }: DutyOptions): Duty {
  let isHeld = false
  let isStopped = false
  let cancelNext = (): void => {}
  let cancelEnd = (): void => {}
  /** What begins or ends the work runs one after the other. */
  let turn: Promise<unknown> = Promise.resolve()

  function inTurn(task: () => Promise<void>): Promise<void> {
    const done = turn.then(task)
    turn = done.catch(() => undefined)
    return done
  }

  const take = (): Promise<void> =>
    inTurn(async () => {
      if (isHeld || isStopped) return
      isHeld = true
      await begin().catch(async (error: unknown) => {
        isHeld = false
        await rest()
        throw error
      })
      if (shared) logger.info({}, 'The background work is done by this process from now on')
    })

  const giveUp = (why: string): Promise<void> =>
    inTurn(async () => {
      if (!isHeld) return
      isHeld = false
      logger.warn({}, `The background work ends in this process: ${why}`)
      await rest()
    })

  async function ask(store: SharedStore): Promise<void> {
    const isOurs = await store.claim(WORK, CLAIM_MS)
    if (isStopped) return
    cancelEnd()
    if (!isOurs) return giveUp('another one has taken it over.')
    const why = 'the store was not reached in time to keep it; it goes on where the store is reached.'
    cancelEnd = environment.after(GIVE_UP_AFTER_MS, () => void giveUp(why).catch(complain))
    await take()
  }

  function askLater(store: SharedStore): void {
    cancelNext = environment.after(spreadMs(CLAIM_EVERY_MS, SPREAD, random), () => void askAgain(store))
  }

  async function askAgain(store: SharedStore): Promise<void> {
    await ask(store).catch(complain)
    if (!isStopped) askLater(store)
  }

  function complain(error: unknown): void {
    logger.error({ err: error }, `Who does the background work could not be settled: ${reasonOf(error)}`)
  }

  return {
    isHeld: () => isHeld,
    async start() {
      if (!shared) return take()
      await ask(shared)
      askLater(shared)
    },
    refresh: () =>
      inTurn(async () => {
        if (isHeld) await begin()
      }),
    async stop() {
      isStopped = true
      cancelNext()
      cancelEnd()
      await inTurn(async () => {
        const wasHeld = isHeld
        isHeld = false
        await rest()
        // When it cannot be given back, it is free when its time is up.
        if (wasHeld) await shared?.release(WORK).catch(() => undefined)
      })
    },
  }
}
