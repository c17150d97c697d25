import { sameBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { OwnKeys } from '../keys/index.ts'
import type { OwnDeletion, OwnLog } from '../log/index.ts'
import type { CatalogStore, KnownVersion, ObjectKind } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import type { Draft } from './objects.ts'
import { ReportBuilder } from './report.ts'
import { signObjects, type SigningResult } from './sign-objects.ts'

/**
 * How often a commit is tried again when another process was faster. Each loss means that the other one went on. Of four
 * processes that write all the time each loses two tries in three: nobody comes near this.
 */
const MAX_COMMIT_ATTEMPTS = 100

/** Where and as whom a writer publishes. */
export interface WriterOptions {
  readonly serverName: string
  readonly store: CatalogStore
  readonly log: Pick<OwnLog, 'commit'>
  readonly keys: Pick<OwnKeys, 'active'>
  /** Called after each commit, before it is told of. */
  readonly committed: () => void
  readonly telemetry: Pick<Telemetry, 'published'>
  readonly environment: Environment
}

/** What a writer makes visible together. */
export interface CatalogChange {
  /** Objects, each once. */
  readonly drafts: readonly Draft[]
  /** Objects that are no longer to be there. */
  readonly gone: readonly ObjectName[]
}

/** Names an object of the catalog. */
export interface ObjectName {
  readonly kind: ObjectKind
  readonly id: string
}

/** Finds out what is to change; called again when another process committed since, whose records may be newer. */
export type ReadChange = (report: ReportBuilder) => CatalogChange | Promise<CatalogChange>

/** A change that was read already, as part of a listing. */
export interface ReadPage {
  readonly change: CatalogChange
  /** What reading it reported. */
  readonly report: ReportBuilder
  /** Reads it anew. Holds nothing of what was read before, for it stays until the page is stored. */
  readonly again: ReadChange
}

/** Reads the next page of a listing; undefined when it is to be gone on with later, or has come to its end. */
export type NextPage = () => Promise<ReadPage | undefined>

/** Puts objects into the store and its log: what differs from the published version is signed, the rest is left alone. */
export interface CatalogWriter {
  /**
   * Applies a change in one transaction. Objects that cannot be signed are reported and left out.
   *
   * @returns the change, as it was read last.
   */
  apply(read: ReadChange, report: ReportBuilder): Promise<CatalogChange>
  /**
   * Applies changes that share no id, in order: while one is stored, the next one is being signed. Ends early when
   * another process commits in between.
   *
   * @param nextPage - nothing was read before this was called.
   */
  applyAll(nextPage: NextPage, report: ReportBuilder): Promise<void>
}

/** A change on its way: compared with what is published, and being signed. It holds nothing of what has not changed. */
interface PreparedChange {
  /** Objects that are published as they are. */
  readonly unchanged: number
  /** Waits for what is being signed. */
  readonly finishSigning: () => Promise<SigningResult[]>
  readonly deletes: readonly OwnDeletion[]
  readonly changedTs: number
}

/** A page on its way. */
interface PreparedPage extends Pick<ReadPage, 'report' | 'again'> {
  readonly prepared: PreparedChange
}

/** Builds the writer of this server's own catalog. */
export function createCatalogWriter(options: WriterOptions): CatalogWriter {
  const { serverName, store, log, keys, committed, telemetry, environment } = options

  async function prepare(change: CatalogChange): Promise<PreparedChange> {
    const { drafts, gone } = change
    const changedTs = environment.now()
    const known = await knownVersions([...drafts, ...gone])
    const changed = drafts.filter((draft) => !isPublishedAs(known[draft.kind].get(draft.id), draft))
    const versions = changed.map((draft) => {
      return { draft, revision: (known[draft.kind].get(draft.id)?.revision ?? 0) + 1 }
    })
    const finishSigning = signObjects(versions, { serverName, updatedTs: changedTs, keys: keys.active() })
    const deletes = gone.flatMap(({ kind, id }) => {
      const version = known[kind].get(id)
      return version?.contentHash ? [{ kind, id, revision: version.revision }] : []
    })
    return { unchanged: drafts.length - changed.length, finishSigning, deletes, changedTs }
  }

  /** @returns the log's new size; undefined when another process committed in between and nothing was stored. */
  async function commit(
    prepared: PreparedChange,
    expectedSize: number,
    report: ReportBuilder,
  ): Promise<number | undefined> {
    const { unchanged, finishSigning, deletes, changedTs } = prepared
    const results = await finishSigning()
    const puts = results.flatMap((result) => ('signed' in result ? [result.signed] : []))
    let size = expectedSize
    if (puts.length + deletes.length > 0) {
      const state = await log.commit({ expectedSize, puts, deletes, changedTs })
      if (!state) return undefined
      committed()
      telemetry.published({ puts: puts.length, deletes: deletes.length })
      size = state.size
    }
    for (const result of results) {
      if ('fault' in result) report.problem({ kind: result.draft.kind, id: result.draft.id, message: result.fault })
    }
    report.published += puts.length
    report.removed += deletes.length
    report.unchanged += unchanged
    return size
  }

  /** Reads, compares, signs and stores again as long as another process is faster. */
  async function apply(read: ReadChange, report: ReportBuilder): Promise<CatalogChange> {
    for (let attempt = 0; attempt < MAX_COMMIT_ATTEMPTS; attempt += 1) {
      // The size is read first: whatever is committed after this, of newer records maybe, makes the commit fail.
      const { size } = await store.state(serverName)
      const attemptReport = new ReportBuilder()
      const change = await read(attemptReport)
      if ((await commit(await prepare(change), size, attemptReport)) === undefined) continue
      report.add(attemptReport)
      return change
    }
    throw new FederationError('store_conflict', 'Another process kept writing to the same store; try again.')
  }

  async function knownVersions(items: readonly ObjectName[]): Promise<Record<ObjectKind, Map<string, KnownVersion>>> {
    const read = async (kind: ObjectKind): Promise<Map<string, KnownVersion>> => {
      const ids = items.filter((item) => item.kind === kind).map((item) => item.id)
      return ids.length === 0 ? new Map() : store.versions(serverName, kind, ids)
    }
    return { series: await read('series'), chapter: await read('chapter') }
  }

  return {
    apply,
    async applyAll(nextPage, report) {
      let size: number | undefined = (await store.state(serverName)).size
      let before: PreparedPage | undefined
      const land = async ({ report: pageReport, again, prepared }: PreparedPage): Promise<void> => {
        size = size === undefined ? undefined : await commit(prepared, size, pageReport)
        // Another process writes too: what was read before it did counts no more.
        if (size === undefined) await apply(again, report)
        else report.add(pageReport)
      }
      const landPrevious = async (next?: PreparedPage): Promise<void> => {
        const previous = before
        before = next
        if (previous) await land(previous)
      }
      // A function of its own: while the next page is read, nothing of this one is held but what `before` needs.
      const takeNext = async (): Promise<boolean> => {
        const page = await nextPage()
        if (!page) return false
        const { change, report: pageReport, again } = page
        await landPrevious({ report: pageReport, again, prepared: await prepare(change) })
        return size !== undefined
      }
      try {
        while (await takeNext());
      } finally {
        // Also when reading the next one failed: what was read before is published.
        await landPrevious()
      }
    },
  }
}

function isPublishedAs(version: KnownVersion | undefined, draft: Draft): boolean {
  return version?.contentHash !== undefined && sameBytes(version.contentHash, draft.contentHash)
}

/**
 * Makes drafts; what cannot be published is reported and left out.
 *
 * @param label - what to call an item in the report.
 */
export function draftAll<Item>(
  items: readonly Item[],
  draft: (item: Item) => Draft,
  label: (item: Item) => ObjectName,
  report: ReportBuilder,
): Draft[] {
  return items.flatMap((item) => {
    try {
      return [draft(item)]
    } catch (error) {
      report.problem({ ...label(item), message: reasonOf(error) })
      return []
    }
  })
}
