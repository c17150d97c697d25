import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { NewsSubject, SharedStore } from '../store/index.ts'

/** How often everything is looked at anew: news that could not be told is not missed for longer. */
const LOOK_EVERY_MS = 5 * 60 * 1000

/** Tells the other processes on the same store of a change, as well as that goes. Does nothing where there are none. */
export type Tell = (subject: NewsSubject, serverName: string) => void

/** What a process does about each kind of news. */
export type Reactions = Readonly<Record<NewsSubject, (serverName: string) => void | Promise<void>>> & {
  /** News may have been missed: looks at everything. */
  readonly missed: () => void | Promise<void>
}

/** What processes that share a store tell each other. */
export interface Newsroom {
  readonly tell: Tell
  /** Begins to listen, also when it did already. */
  start(reactions: Reactions): void
  /** Ends it, and waits for the reactions under way. */
  stop(): Promise<void>
}

/** What a newsroom works with. */
export interface NewsroomOptions {
  /** Undefined where no other process can be there. */
  readonly shared: SharedStore | undefined
  readonly environment: Environment
  readonly logger: Logger
}

/** Builds it. */
export function createNewsroom({ shared, environment, logger }: NewsroomOptions): Newsroom {
  const underWay = new Set<Promise<void>>()
  let cancelLook = (): void => {}
  let unsubscribe = (): void => {}

  function run(task: () => void | Promise<void>): void {
    const done = Promise.resolve()
      .then(task)
      .catch((error: unknown) => {
        logger.error({ err: error }, `What another process changed could not be taken up: ${reasonOf(error)}`)
      })
    const kept = done.finally(() => underWay.delete(kept))
    underWay.add(kept)
  }

  function lookLater(look: () => void | Promise<void>): void {
    cancelLook = environment.after(LOOK_EVERY_MS, () => {
      run(look)
      lookLater(look)
    })
  }

  function end(): void {
    unsubscribe()
    cancelLook()
  }

  return {
    tell(subject, serverName) {
      shared?.tell({ subject, serverName }).catch((error: unknown) => {
        const minutes = LOOK_EVERY_MS / 60_000
        logger.warn({ err: error }, `Other processes learn of a change only in ${minutes} minutes: ${reasonOf(error)}`)
      })
    },
    start(reactions) {
      if (!shared) return
      end()
      unsubscribe = shared.listen((news) => {
        run(news ? () => reactions[news.subject](news.serverName) : reactions.missed)
      })
      lookLater(reactions.missed)
    },
    async stop() {
      end()
      await Promise.all(underWay)
    },
  }
}
