import { randomBytes } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { encodeBase64 } from '../json/index.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import type { GuardedRepository } from './guarded-repository.ts'
import type { SerialQueue } from './queue.ts'
import { needsConfirmation } from './removal-brake.ts'
import { type PublishReport, ReportBuilder } from './report.ts'
import { draftOf } from './objects.ts'
import {
  type CatalogChange,
  type CatalogWriter,
  draftAll,
  type NextPage,
  type ObjectName,
  type ReadChange,
  type ReadPage,
} from './writer.ts'

/** Records a page and a transaction: some 10 ms of work, after which the site's requests have their turn. */
export const PAGE_RECORDS = 100

/** Pages without anything new after which a listing counts as one that never ends. */
const MAX_PAGES_WITHOUT_NEWS = 100

const KINDS: readonly ObjectKind[] = ['series', 'chapter']

/** What a pass over the whole listing did. */
export interface ReconcileReport extends PublishReport {
  /**
   * `complete`: the catalog is what the repository lists. `failed`: it is published as far as the pass came, and
   * nothing was removed. `needs_confirmation`: all is published, and the removals wait for the operator's word.
   */
  readonly outcome: 'complete' | 'failed' | 'needs_confirmation'
  /** What happened and what to do, when the outcome is not `complete`. */
  readonly message?: string
  /** Published objects that the listing no longer had. */
  readonly missing: number
}

/** What a pass works with. */
export interface PassOptions {
  readonly serverName: string
  readonly repository: GuardedRepository
  readonly store: CatalogStore
  readonly writer: CatalogWriter
  /** Reading a record and publishing it is one task, so that a later change never overtakes it. */
  readonly queue: SerialQueue
  readonly environment: Environment
  /** When it aborts, the pass ends before its next page and counts as failed. */
  readonly closing: AbortSignal
}

/** Compares the whole listing with what is published, signs what differs and removes what is gone; never rejects. */
export async function runPass(options: PassOptions, confirmRemoval: boolean): Promise<ReconcileReport> {
  const { store, serverName } = options
  const pass = encodeBase64(randomBytes(12))
  const report = new ReportBuilder()
  try {
    for (const kind of KINDS) await publishListing(options, pass, kind, report)
    const missing = await sum(KINDS, (kind) => store.countUnmarked(pass, serverName, kind))
    // Of the site's own objects: what is republished of others must not make the brake easier to pass.
    const total = report.published + report.unchanged + missing
    if (!confirmRemoval && needsConfirmation({ missing, total })) {
      return { ...report.finish(), outcome: 'needs_confirmation', missing, message: brakeMessage(missing, total) }
    }
    for (const kind of KINDS) await removeUnlisted(options, pass, kind, report)
    return { ...report.finish(), outcome: 'complete', missing }
  } catch (error) {
    return { ...report.finish(), outcome: 'failed', missing: 0, message: reasonOf(error) }
  } finally {
    await store.endPass(pass).catch(() => undefined)
  }
}

function brakeMessage(missing: number, total: number): string {
  return (
    `The catalog no longer lists ${missing} of ${total} published objects, so nothing was removed: an empty answer ` +
    'from a broken database must not erase a catalog from the network. If they are really gone, say so with ' +
    'catalog.reconcile({ confirmRemoval: true }).'
  )
}

/** How far a pass has come through one listing. */
interface Progress {
  cursor: string | undefined
  ended: boolean
  pagesWithoutNews: number
}

async function publishListing(
  parts: PassOptions,
  pass: string,
  kind: ObjectKind,
  report: ReportBuilder,
): Promise<void> {
  const progress: Progress = { cursor: undefined, ended: false, pagesWithoutNews: 0 }
  while (!progress.ended) {
    await parts.queue(() => parts.writer.applyAll(pagesOfTask(parts, pass, kind, progress, report), report))
  }
}

/**
 * The pages of one task: as many as nobody else waits for, so that one can be signed while the one before it is stored.
 */
function pagesOfTask(
  parts: PassOptions,
  pass: string,
  kind: ObjectKind,
  progress: Progress,
  report: ReportBuilder,
): NextPage {
  const { queue, environment } = parts
  let isFirst = true
  return async () => {
    if (!isFirst) {
      await environment.yieldToOthers()
      if (progress.ended || queue.isWaitedFor()) return undefined
    }
    isFirst = false
    return readNext(parts, pass, kind, progress, report)
  }
}

async function readNext(
  { repository, store, closing }: PassOptions,
  pass: string,
  kind: ObjectKind,
  progress: Progress,
  report: ReportBuilder,
): Promise<ReadPage> {
  if (closing.aborted) throw new FederationError('closed', 'The federation was closed in the middle of a pass.')
  const { items, next } = await repository.list(kind, progress.cursor, PAGE_RECORDS)
  const fresh = await takeFresh(store, pass, kind, items, report)
  progress.cursor = next
  progress.ended = next === undefined
  progress.pagesWithoutNews = fresh.length > 0 ? 0 : progress.pagesWithoutNews + 1
  if (progress.pagesWithoutNews > MAX_PAGES_WITHOUT_NEWS) throw endless(kind, progress.pagesWithoutNews)
  return readPage(repository, kind, fresh)
}

function endless(kind: ObjectKind, pages: number): FederationError {
  return new FederationError(
    'repository_failed',
    `${kind === 'series' ? 'listSeries' : 'listChapters'} returned ${pages} pages without anything new: the listing ` +
      'never ends. The last page must come without next.',
  )
}

/** A record of a listing. */
interface ListedRecord extends Answer {
  /** Undefined when it has none that is text. */
  readonly id: string | undefined
}

function readPage(repository: GuardedRepository, kind: ObjectKind, records: readonly ListedRecord[]): ReadPage {
  const report = new ReportBuilder()
  return { change: changeOf(kind, records, report), report, again: readerOf(repository, kind, records) }
}

/** Reads records again; those without an id, which nothing can be asked for by, are what they were. */
function readerOf(repository: GuardedRepository, kind: ObjectKind, records: readonly ListedRecord[]): ReadChange {
  const ids = records.flatMap(({ id }) => (id === undefined ? [] : [id]))
  const nameless = records.filter(({ id }) => id === undefined)
  return async (problems) => changeOf(kind, [...(await lookUp(repository, kind, ids)), ...nameless], problems)
}

/** Marks a page's records as seen and leaves out those that this pass saw before. */
async function takeFresh(
  store: CatalogStore,
  pass: string,
  kind: ObjectKind,
  items: readonly unknown[],
  report: ReportBuilder,
): Promise<ListedRecord[]> {
  const records = items.map((record, index) => ({ record, ...identify(record, index) }))
  const ids = new Set(records.flatMap(({ id }) => (id === undefined ? [] : [id])))
  const seen = new Set(await store.mark(pass, kind, [...ids]))
  return records.filter(({ id, label }) => {
    // Without a text id it goes on to the rules, which say how to mend it.
    if (id === undefined) return true
    if (seen.has(id)) {
      report.problem({ kind, id: label, message: 'the listing has this id more than once; ids must be unique' })
      return false
    }
    seen.add(id)
    return true
  })
}

function identify(record: unknown, index: number): { id: string | undefined; label: string } {
  const id: unknown = typeof record === 'object' && record !== null && 'id' in record ? record.id : undefined
  return typeof id === 'string'
    ? { id, label: id }
    : { id: undefined, label: `item ${index} of its page: ${String(id)}` }
}

/** Removes what the listing left out, after asking for each once more: it may have come while the pass ran. */
async function removeUnlisted(
  { serverName, repository, store, writer, queue, environment }: PassOptions,
  pass: string,
  kind: ObjectKind,
  report: ReportBuilder,
): Promise<void> {
  let afterId: string | undefined
  for (;;) {
    const ids = await store.listUnmarked(pass, serverName, kind, { afterId, limit: PAGE_RECORDS })
    if (ids.length === 0) return
    await queue(async () => {
      await writer.apply(async (problems) => changeOf(kind, await lookUp(repository, kind, ids), problems), report)
    })
    afterId = ids.at(-1)
    await environment.yieldToOthers()
  }
}

/** What a repository has under an id, which stands for it in reports; undefined when it has nothing. */
export interface Answer {
  readonly label: string
  readonly record: unknown
}

/** Asks for records one by one. */
export async function lookUp(
  repository: GuardedRepository,
  kind: ObjectKind,
  ids: readonly string[],
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const id of ids) answers.push({ label: id, record: await repository.get(kind, id) })
  return answers
}

/** What answers mean for the catalog: a record is published, none is a removal. Wrong records are reported. */
export function changeOf(kind: ObjectKind, answers: readonly Answer[], report: ReportBuilder): CatalogChange {
  const nameOf = ({ label }: Answer): ObjectName => ({ kind, id: label })
  const found = answers.filter(({ record }) => record !== undefined)
  const missing = answers.filter(({ record }) => record === undefined)
  return { drafts: draftAll(found, ({ record }) => draftOf(kind, record), nameOf, report), gone: missing.map(nameOf) }
}

async function sum<T>(items: readonly T[], numberOf: (item: T) => Promise<number>): Promise<number> {
  const numbers = await Promise.all(items.map(numberOf))
  return numbers.reduce((total, number) => total + number, 0)
}
