import { sameBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { OwnKeys } from '../keys/index.ts'
import type { CatalogStore, KnownVersion, ObjectKind, StoredObject } from '../store/index.ts'
import { type Draft, draftOf } from './objects.ts'
import type { ReportBuilder } from './report.ts'

/** How often a commit is tried again when another process was faster. Each loss means that the other one went on. */
const MAX_COMMIT_ATTEMPTS = 20

/** Where and as whom a writer publishes. */
export interface WriterOptions {
  readonly serverName: string
  readonly store: CatalogStore
  readonly keys: Pick<OwnKeys, 'active'>
  /** Called after each commit, before it is told of. */
  readonly committed: () => void
  readonly environment: Environment
}

/** What a writer makes visible together. */
export interface CatalogChange {
  /** Records as the repository returned them. */
  readonly records: readonly { readonly kind: ObjectKind; readonly record: unknown; readonly label: string }[]
  /** Ids of objects that the site no longer has. */
  readonly gone: readonly { readonly kind: ObjectKind; readonly id: string }[]
}

/** Puts records into the store: what differs from the published version is signed, the rest is left alone. */
export interface CatalogWriter {
  /** Applies a change in one transaction. Records that cannot be signed are reported and left out. */
  apply(change: CatalogChange, report: ReportBuilder): Promise<void>
  /** Applies changes that share no id, in order: while one is stored, the next one is being signed. */
  applyAll(changes: AsyncIterable<CatalogChange>, report: ReportBuilder): Promise<void>
}

/** A change on its way: compared with what is published, and being signed. */
interface PreparedChange {
  /** What can be signed. */
  readonly drafts: Set<Draft>
  readonly gone: CatalogChange['gone']
  readonly signing: Promise<SigningResult[]>
  readonly deletes: CatalogChange['gone']
  readonly changedTs: number
}

type SigningResult = { readonly draft: Draft } & ({ readonly object: StoredObject } | { readonly fault: string })

/** Builds the writer of this server's own catalog. */
export function createCatalogWriter({ serverName, store, keys, committed, environment }: WriterOptions): CatalogWriter {
  async function prepare(drafts: Set<Draft>, gone: CatalogChange['gone']): Promise<PreparedChange> {
    const changedTs = environment.now()
    const known = await knownVersions([...drafts, ...gone])
    const changed = [...drafts].filter((draft) => !isPublishedAs(known[draft.kind].get(draft.id), draft))
    const signing = changed.map((draft) => {
      const revision = (known[draft.kind].get(draft.id)?.revision ?? 0) + 1
      return sign(draft, { revision, updatedTs: changedTs })
    })
    const deletes = gone.filter(({ kind, id }) => known[kind].get(id)?.contentHash)
    return { drafts, gone, signing: Promise.all(signing), deletes, changedTs }
  }

  async function sign(draft: Draft, version: { revision: number; updatedTs: number }): Promise<SigningResult> {
    try {
      return { draft, object: await draft.sign({ ...version, serverName, keys: keys.active() }) }
    } catch (error) {
      return { draft, fault: reasonOf(error) }
    }
  }

  /** @returns the catalog's new size; undefined when another process committed in between and nothing was stored. */
  async function commit(
    { drafts, signing, deletes, changedTs }: PreparedChange,
    expectedSize: number,
    report: ReportBuilder,
  ): Promise<number | undefined> {
    const results = await signing
    const puts = results.flatMap((result) => ('object' in result ? [result.object] : []))
    for (const result of results) {
      if ('object' in result) continue
      report.problem({ kind: result.draft.kind, id: result.draft.id, message: result.fault })
      drafts.delete(result.draft)
    }
    let size = expectedSize
    if (puts.length + deletes.length > 0) {
      const state = await store.commit(serverName, { expectedSize, puts, deletes, changedTs })
      if (!state) return undefined
      committed()
      size = state.size
    }
    report.published += puts.length
    report.removed += deletes.length
    report.unchanged += drafts.size - puts.length
    return size
  }

  /** Compares, signs and stores again as long as another process is faster. */
  async function insist(drafts: Set<Draft>, gone: CatalogChange['gone'], report: ReportBuilder): Promise<void> {
    for (let attempt = 0; attempt < MAX_COMMIT_ATTEMPTS; attempt += 1) {
      // The size is read first: whatever is committed after this makes the commit fail.
      const { size } = await store.state(serverName)
      if ((await commit(await prepare(drafts, gone), size, report)) !== undefined) return
    }
    throw new FederationError('store_conflict', 'Another process kept writing to the same store; try again.')
  }

  async function knownVersions(
    items: readonly { readonly kind: ObjectKind; readonly id: string }[],
  ): Promise<Record<ObjectKind, Map<string, KnownVersion>>> {
    const read = async (kind: ObjectKind): Promise<Map<string, KnownVersion>> => {
      const ids = items.filter((item) => item.kind === kind).map((item) => item.id)
      return ids.length === 0 ? new Map() : store.versions(serverName, kind, ids)
    }
    return { series: await read('series'), chapter: await read('chapter') }
  }

  return {
    apply: ({ records, gone }, report) => insist(draftsOf(records, report), gone, report),
    async applyAll(changes, report) {
      let size: number | undefined = (await store.state(serverName)).size
      let before: PreparedChange | undefined
      const land = async (change: PreparedChange): Promise<void> => {
        size = size === undefined ? undefined : await commit(change, size, report)
        // Another process writes too: what was compared before it did counts no more, so from here on one by one.
        if (size === undefined) await insist(change.drafts, change.gone, report)
      }
      const landPrevious = async (next?: PreparedChange): Promise<void> => {
        const previous = before
        before = next
        if (previous) await land(previous)
      }
      try {
        for await (const { records, gone } of changes)
          await landPrevious(await prepare(draftsOf(records, report), gone))
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

function draftsOf(records: CatalogChange['records'], report: ReportBuilder): Set<Draft> {
  const drafts = records.flatMap(({ kind, record, label }) => {
    try {
      return [draftOf(kind, record)]
    } catch (error) {
      report.problem({ kind, id: label, message: reasonOf(error) })
      return []
    }
  })
  return new Set(drafts)
}
