import { backOffMs } from '../back-off.ts'
import type { Environment } from '../environment.ts'
import type { OwnKeys } from '../keys/index.ts'
import type { OwnLog } from '../log/index.ts'
import type { Logger } from '../logger.ts'
import type { CatalogStore } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { type ChangedIds, createChangeIntake } from './changes.ts'
import { guardRepository } from './guarded-repository.ts'
import { type PassOptions, type ReconcileReport, runPass } from './pass.ts'
import { createSerialQueue } from './queue.ts'
import type { CatalogRepository } from './records.ts'
import { draftOfMirrored, type MirroredRecord } from './objects.ts'
import { type PublishReport, ReportBuilder } from './report.ts'
import { createCatalogWriter, draftAll, type ObjectName } from './writer.ts'

/** How often the whole listing is compared with what is published. */
const RECONCILE_INTERVAL_MS = 24 * 60 * 60 * 1000

/** The first wait after a pass that failed; doubles each time, up to the interval. */
const FIRST_RETRY_MS = 60 * 1000

/** How far this server's own catalog has come. */
export interface CatalogStatus {
  /** Published series. */
  readonly series: number
  /** Published chapters. */
  readonly chapters: number
  /** Whether a pass over the listing is under way. */
  readonly reconciling: boolean
  /** The last finished pass since the start. */
  readonly lastReconcile: (ReconcileReport & { readonly finishedTs: number }) | undefined
}

/** What a site tells its own catalog. */
export interface Catalog {
  /**
   * Publishes what the site just wrote or deleted.
   *
   * Never rejects, so nobody has to await it: a record that cannot be signed is reported and logged, and one that
   * could not be read is tried again.
   *
   * @param ids - `{ series: ['s1'], chapters: ['c42'] }`; an id that the repository no longer has is removed.
   */
  changed(ids: ChangedIds): Promise<PublishReport>
  /**
   * Compares the whole listing with what is published: signs what differs and removes what is gone. Runs by itself
   * at start and once a day. Never rejects. A call while a pass runs waits for that pass.
   *
   * @param options.confirmRemoval - the operator's word that many missing records are really gone. Default is false.
   */
  reconcile(options?: { readonly confirmRemoval?: boolean }): Promise<ReconcileReport>
  /** How far the catalog has come. */
  status(): Promise<CatalogStatus>
}

/** What the catalog works with. */
export interface CatalogOptions {
  readonly serverName: string
  readonly repository: CatalogRepository
  readonly store: CatalogStore
  readonly log: Pick<OwnLog, 'commit'>
  readonly keys: Pick<OwnKeys, 'active'>
  /** Whether the daily pass is this process's: others that share the store leave it to one of them. */
  readonly isOnDuty: () => boolean
  /** Called after each commit. */
  readonly committed: () => void
  readonly telemetry: Pick<Telemetry, 'published' | 'span'>
  readonly environment: Environment
  readonly logger: Logger
}

/** What a mirror publishes anew of other servers' objects, and what of that it takes back. */
export interface RepublishChange {
  /** At most 1,000 with `gone`; no id twice. */
  readonly puts: readonly MirroredRecord[]
  /** Ids in this catalog. */
  readonly gone: readonly ObjectName[]
}

/** A catalog with its background work. */
export interface RunningCatalog extends Catalog {
  /** The pass that began with it. Never rejects. */
  readonly firstPass: Promise<ReconcileReport>
  /**
   * Publishes objects that wrap those of other servers, in one transaction. What is published already as it is stays
   * as it is; an object that cannot be wrapped is logged and left out.
   *
   * @throws FederationError `store_conflict`, or whatever the store failed with: nothing was published then.
   */
  republish(change: RepublishChange): Promise<void>
  /** Ends background work; resolves when the step that is under way is done. */
  stop(): Promise<void>
}

/** Starts publishing this server's own catalog: the first pass begins at once. */
export function runCatalog(options: CatalogOptions): RunningCatalog {
  const { serverName, store, telemetry, environment, logger } = options
  const queue = createSerialQueue()
  const closing = new AbortController()
  const repository = guardRepository(options.repository, environment, closing.signal)
  const writer = createCatalogWriter(options)
  const parts: PassOptions = { serverName, repository, store, writer, queue, environment, closing: closing.signal }
  const intake = createChangeIntake({ ...parts, logger })

  let running: Promise<ReconcileReport> | undefined
  let last: CatalogStatus['lastReconcile']
  let failures = 0
  let cancelNext: (() => void) | undefined

  async function pass(confirmRemoval: boolean): Promise<ReconcileReport> {
    cancelNext?.()
    const report = await telemetry.span('manga_federation.reconcile', {}, () => runPass(parts, confirmRemoval))
    running = undefined
    last = { ...report, finishedTs: environment.now() }
    if (!closing.signal.aborted) {
      logReport(logger, report)
      scheduleNext(report.outcome === 'failed')
    }
    return report
  }

  function scheduleNext(failed: boolean): void {
    const delayMs = failed ? backOffMs(failures + 1, FIRST_RETRY_MS, RECONCILE_INTERVAL_MS) : RECONCILE_INTERVAL_MS
    failures = failed ? failures + 1 : 0
    cancelNext = environment.after(delayMs, () => {
      if (failed || options.isOnDuty()) void catalog.reconcile()
      else scheduleNext(false)
    })
  }

  const catalog: Omit<RunningCatalog, 'firstPass'> = {
    changed: (ids) => intake.changed(ids),
    async reconcile({ confirmRemoval = false } = {}) {
      // The pass that runs may have been started without the operator's word.
      while (running && confirmRemoval) await running
      running ??= pass(confirmRemoval)
      return running
    },
    republish: ({ puts, gone }) =>
      queue(async () => {
        const report = new ReportBuilder()
        const drafts = draftAll(puts, draftOfMirrored, ({ kind, id }) => ({ kind, id }), report)
        await writer.apply(() => ({ drafts, gone }), report)
        if (report.problemCount === 0) return
        logger.warn({ problems: report.problems }, 'objects of other servers that could not be published anew')
      }),
    async status() {
      const [series, chapters] = await Promise.all([
        store.count(serverName, 'series'),
        store.count(serverName, 'chapter'),
      ])
      return { series, chapters, reconciling: running !== undefined, lastReconcile: last }
    },
    async stop() {
      closing.abort()
      cancelNext?.()
      intake.stop()
      await running
      await queue(async () => undefined)
    },
  }
  return { ...catalog, firstPass: catalog.reconcile() }
}

function logReport(logger: Logger, { outcome, message, problems, problemCount, ...numbers }: ReconcileReport): void {
  if (outcome !== 'complete') logger.error({ outcome, ...numbers }, message ?? outcome)
  else logger.info(numbers, 'the catalog is published')
  if (problemCount > 0) {
    logger.warn({ problemCount, problems }, 'records that could not be published; each stays as it was published last')
  }
}
