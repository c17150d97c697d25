import type { RunningCatalog } from '../catalog/index.ts'
import type { Environment } from '../environment.ts'
import type { CursorStore } from '../follow/index.ts'
import type { Logger } from '../logger.ts'
import type { Store } from '../store/index.ts'
import { mirrorProgress } from './progress.ts'
import { Republisher, type RepublisherParts, type RepublishRule } from './republisher.ts'
import { type OnMirrored, type TellerParts, tellingStep } from './teller.ts'
import { createWorker, type Worker } from './worker.ts'

/** What mirroring works with. */
export interface MirroringOptions {
  /** This server. */
  readonly serverName: string
  readonly store: Pick<Store, 'catalog' | 'log'>
  /** Where it is kept how far the consumers have come. */
  readonly cursors: CursorStore
  /** The own catalog. */
  readonly catalog: Pick<RunningCatalog, 'republish'>
  /** The site's function; undefined when it has none. */
  readonly onMirrored: OnMirrored | undefined
  readonly environment: Environment
  readonly logger: Logger
}

/**
 * What becomes of mirrored objects: they are told to the site, and republished where the operator says so. Each of the
 * two goes its own way through the changes of each server, so that none of them holds up another, nor the following.
 */
export interface Mirroring {
  /** Goes on where the last start ended. */
  start(): Promise<void>
  /** A commit changed what is mirrored of this server. */
  applied(serverName: string): void
  /**
   * Takes the operator's rule for a server that is followed, or is going to be. A yes or no is kept; a filter has to be
   * given with each start, and until then what it chose stays as it is.
   *
   * @param rule - undefined leaves what was said before; at first: false.
   */
  follow(serverName: string, rule: RepublishRule | undefined): void
  /**
   * Takes back what was republished of a server and the rule for it, before what is mirrored of it is forgotten. Nothing
   * more happens with it until `applied` or `follow`.
   */
  withdraw(serverName: string): Promise<void>
  /** Does no more until the next `start`; resolves when the step that is under way is done. */
  stop(): Promise<void>
}

/** Builds what consumes mirrored objects. */
export function createMirroring(options: MirroringOptions): Mirroring {
  const { serverName: ownName, store, cursors, onMirrored, environment, logger } = options
  const progress = mirrorProgress(cursors, store.log)
  /** Whose missing filter was told of. */
  const warned = new Set<string>()
  let closing = new AbortController()
  let isWorking = false
  /** What this process was told. */
  const rules = new Map<string, RepublishRule>()
  const workers = new Map<string, readonly Worker[]>()

  const parts = (): RepublisherParts & Omit<TellerParts, 'onMirrored'> => {
    return { ...store, environment, ownName, own: options.catalog, progress, closing: closing.signal }
  }

  function workersOf(serverName: string): readonly Worker[] {
    const known = workers.get(serverName)
    if (known) return known
    const built = [republishing(serverName), ...(onMirrored ? [telling(serverName, onMirrored)] : [])]
    workers.set(serverName, built)
    return built
  }

  function republishing(serverName: string): Worker {
    const republisher = new Republisher(parts(), serverName)
    const task = `republishing objects of ${serverName}`
    return createWorker(() => republisher.step(rules.get(serverName)), { environment, logger, task })
  }

  function telling(serverName: string, tell: OnMirrored): Worker {
    const task = `onMirrored, told of changes of ${serverName},`
    return createWorker(tellingStep({ ...parts(), onMirrored: tell }, serverName), { environment, logger, task })
  }

  function wake(serverName: string): void {
    if (isWorking) for (const worker of workersOf(serverName)) worker.wake()
  }

  async function stopWorkers(serverName: string): Promise<void> {
    const stopped = workers.get(serverName) ?? []
    workers.delete(serverName)
    await Promise.all(stopped.map((worker) => worker.stop()))
  }

  async function warnOfMissingFilter(serverName: string): Promise<void> {
    if (warned.has(serverName) || rules.has(serverName)) return
    if ((await progress.read(serverName))?.rule !== 'filter') return
    warned.add(serverName)
    logger.warn(
      { serverName },
      'objects of this server are republished by a filter, which has to be given with each start: ' +
        'until follow() is called with it, what is republished stays as it is',
    )
  }

  return {
    async start() {
      isWorking = true
      for (const serverName of await cursors.origins()) {
        await warnOfMissingFilter(serverName)
        wake(serverName)
      }
    },
    applied: wake,
    follow(serverName, rule) {
      if (rule !== undefined) rules.set(serverName, rule)
      if (isWorking) wake(serverName)
      // Only this process knows the rule, so it acts on it, and stores it, even where another one does the rest.
      else if (rule !== undefined) workersOf(serverName)[0]?.wake()
    },
    async withdraw(serverName) {
      rules.delete(serverName)
      await stopWorkers(serverName)
      await new Republisher(parts(), serverName).removeAll()
      await progress.update(serverName, { rule: 'none', toldSize: null, republished: null })
    },
    async stop() {
      isWorking = false
      closing.abort()
      closing = new AbortController()
      await Promise.all([...workers.keys()].map(stopWorkers))
    },
  }
}
