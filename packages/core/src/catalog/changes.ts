import { backOffMs } from '../back-off.ts'
import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import type { GuardedRepository } from './guarded-repository.ts'
import { changeOf, lookUp, PAGE_RECORDS } from './pass.ts'
import type { SerialQueue } from './queue.ts'
import { type PublishReport, ReportBuilder } from './report.ts'
import type { CatalogWriter, ReadChange } from './writer.ts'

/** The first wait before ids are tried again whose record could not be read; doubles each time. */
const FIRST_RETRY_MS = 1000

/** The longest wait between tries: a database that comes back is noticed within minutes. */
const MAX_RETRY_MS = 5 * 60 * 1000

/** The ids of records that the site wrote or deleted. */
export interface ChangedIds {
  readonly series?: readonly string[]
  readonly chapters?: readonly string[]
}

/** What the intake works with. */
export interface ChangeIntakeOptions {
  readonly serverName: string
  readonly repository: GuardedRepository
  readonly store: CatalogStore
  readonly writer: CatalogWriter
  readonly queue: SerialQueue
  readonly environment: Environment
  readonly logger: Logger
}

/** Takes the site's word of changes. */
export interface ChangeIntake {
  /** Publishes the present state of these ids. Never rejects: what fails is reported, logged and tried again. */
  changed(ids: ChangedIds): Promise<PublishReport>
  /** Forgets what waits to be tried again. */
  stop(): void
}

/** Changes that were told while earlier ones were being published: they share transactions. */
interface Batch {
  readonly ids: Record<ObjectKind, Set<string>>
  readonly report: ReportBuilder
  readonly done: Promise<PublishReport>
}

/** Builds the intake of changes. */
export function createChangeIntake(options: ChangeIntakeOptions): ChangeIntake {
  const { queue, environment, logger } = options
  /** Ids whose record could not be read or stored, until they are tried again. */
  const failed = { series: new Set<string>(), chapter: new Set<string>() }
  let waiting: Batch | undefined
  let failures = 0
  let cancelRetry: (() => void) | undefined

  function open(): Batch {
    const ids = { series: new Set<string>(), chapter: new Set<string>() }
    const report = new ReportBuilder()
    const done = queue(async () => {
      waiting = undefined
      const failedNow = await publishIds(options, ids, report)
      if (failedNow.length > 0) retryLater(failedNow)
      else failures = 0
      if (report.problemCount > 0) {
        logger.warn(
          { problems: report.problems, problemCount: report.problemCount },
          'changes that could not be published',
        )
      }
      return report.finish()
    })
    return { ids, report, done }
  }

  function retryLater(failedNow: readonly FailedIds[]): void {
    for (const { kind, ids } of failedNow) for (const id of ids) failed[kind].add(id)
    const delayMs = backOffMs(failures + 1, FIRST_RETRY_MS, MAX_RETRY_MS)
    failures += 1
    cancelRetry?.()
    cancelRetry = environment.after(delayMs, () => {
      for (const kind of ['series', 'chapter'] as const) {
        add(kind, [...failed[kind]])
        failed[kind].clear()
      }
    })
  }

  function add(kind: ObjectKind, ids: readonly unknown[]): Batch {
    waiting ??= open()
    for (const id of ids) {
      if (typeof id === 'string') waiting.ids[kind].add(id)
      else waiting.report.problem({ kind, id: String(id), message: 'ids are text; write String(id)' })
    }
    return waiting
  }

  return {
    changed({ series = [], chapters = [] }) {
      add('series', series)
      return add('chapter', chapters).done
    },
    stop: () => cancelRetry?.(),
  }
}

interface FailedIds {
  readonly kind: ObjectKind
  readonly ids: readonly string[]
}

/** @returns the ids that could not be read or stored. */
async function publishIds(
  options: ChangeIntakeOptions,
  ids: Record<ObjectKind, Set<string>>,
  report: ReportBuilder,
): Promise<FailedIds[]> {
  const failed: FailedIds[] = []
  for (const kind of ['series', 'chapter'] as const) {
    for (const slice of slices([...ids[kind]], PAGE_RECORDS)) {
      try {
        const orphans = await publishSlice(options, kind, slice, report)
        for (const id of orphans) ids.chapter.add(id)
      } catch (error) {
        failed.push({ kind, ids: slice })
        for (const id of slice) report.problem({ kind, id, message: `${reasonOf(error)}; it is tried again soon` })
      }
      await options.environment.yieldToOthers()
    }
  }
  return failed
}

/** @returns published chapters of series that are gone: the site may have deleted them along with their series. */
async function publishSlice(
  { serverName, repository, store, writer }: ChangeIntakeOptions,
  kind: ObjectKind,
  ids: readonly string[],
  report: ReportBuilder,
): Promise<string[]> {
  const read: ReadChange = async (problems) => changeOf(kind, await lookUp(repository, kind, ids), problems)
  const change = await writer.apply(read, report)
  if (kind === 'chapter') return []
  const chapters = await Promise.all(change.gone.map((series) => publishedChapters(store, serverName, series.id)))
  return chapters.flat()
}

async function publishedChapters(store: CatalogStore, serverName: string, seriesId: string): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const page = await store.list({
      origin: serverName,
      kind: 'chapter',
      seriesId,
      afterId: ids.at(-1),
      limit: PAGE_RECORDS,
    })
    ids.push(...page.map((chapter) => chapter.id))
    if (page.length < PAGE_RECORDS) return ids
  }
}

function slices<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
