import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { ActiveKey } from '../keys/index.ts'
import type { CatalogStore, KnownVersion, ObjectKind, StoredObject } from '../store/index.ts'
import { type Draft, draftOf } from './objects.ts'
import type { ReportBuilder } from './report.ts'

/** How often a commit is tried again when another process was faster. Each loss means that the other one went on. */
const MAX_COMMIT_ATTEMPTS = 20

/** Where and as whom a writer publishes. */
export interface WriterOptions {
  readonly serverName: string
  readonly store: CatalogStore
  readonly key: ActiveKey
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
}

/** Builds the writer of this server's own catalog. */
export function createCatalogWriter({ serverName, store, key, environment }: WriterOptions): CatalogWriter {
  /** @returns false when another process committed in between and nothing was stored. */
  async function tryToCommit(drafts: Set<Draft>, gone: CatalogChange['gone'], report: ReportBuilder): Promise<boolean> {
    const changedTs = environment.now()
    const { size } = await store.state(serverName)
    const known = await knownVersions([...drafts, ...gone])
    const changed = [...drafts].filter((draft) => !isPublishedAs(known[draft.kind].get(draft.id), draft))
    const puts = changed.flatMap((draft) => {
      const revision = (known[draft.kind].get(draft.id)?.revision ?? 0) + 1
      const object = signOrReport(draft, { revision, updatedTs: changedTs }, report)
      if (!object) drafts.delete(draft)
      return object ?? []
    })
    const deletes = gone.filter(({ kind, id }) => known[kind].get(id)?.contentHash)
    if (puts.length + deletes.length > 0) {
      const state = await store.commit(serverName, { expectedSize: size, puts, deletes, changedTs })
      if (!state) return false
    }
    report.published += puts.length
    report.removed += deletes.length
    report.unchanged += drafts.size - puts.length
    return true
  }

  function signOrReport(
    draft: Draft,
    version: { revision: number; updatedTs: number },
    report: ReportBuilder,
  ): StoredObject | undefined {
    try {
      return draft.sign({ ...version, serverName, key })
    } catch (error) {
      report.problem({ kind: draft.kind, id: draft.id, message: reasonOf(error) })
      return undefined
    }
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
    async apply({ records, gone }, report) {
      const drafts = new Set(draftsOf(records, report))
      for (let attempt = 0; attempt < MAX_COMMIT_ATTEMPTS; attempt += 1) {
        if (await tryToCommit(drafts, gone, report)) return
      }
      throw new FederationError('store_conflict', 'Another process kept writing to the same store; try again.')
    },
  }
}

function isPublishedAs(version: KnownVersion | undefined, draft: Draft): boolean {
  return version?.contentHash !== undefined && sameBytes(version.contentHash, draft.contentHash)
}

function draftsOf(records: CatalogChange['records'], report: ReportBuilder): Draft[] {
  return records.flatMap(({ kind, record, label }) => {
    try {
      return [draftOf(kind, record)]
    } catch (error) {
      report.problem({ kind, id: label, message: reasonOf(error) })
      return []
    }
  })
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
