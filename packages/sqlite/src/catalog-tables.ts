import type { CatalogState, CatalogStore, KnownVersion } from '@manga-federation/core'
import { CATALOG_OF } from './catalog-of.ts'
import { catalogWriter } from './catalog-writer.ts'
import type { StoreConnection } from './connection.ts'
import { forgetting } from './forgetting.ts'
import { KIND_NUMBERS } from './kinds.ts'
import { listing } from './listing.ts'
import { markTable } from './mark-table.ts'
import { plainBytes } from './plain-bytes.ts'

/** Objects that one statement looks for: what a statement costs by itself hardly shows from here on. */
const IDS_A_STATEMENT = 20
const IDS = Array(IDS_A_STATEMENT).fill('?').join(', ')

/** A catalog that something is known of. */
interface KnownCatalog extends CatalogState {
  /** Its number. */
  readonly catalog: number
}

/** The catalogs, in the tables `catalogs`, `objects` and `entries`, and the marks of reconciling passes. */
export function catalogTables(connection: StoreConnection): CatalogStore {
  const selectCatalog = connection.prepare<{ catalog: number; size: number; changed_ts: number }>(
    'SELECT catalog, size, changed_ts FROM catalogs WHERE origin = ?',
  )
  const selectVersions = connection.prepare<{ id: string; revision: number; content_hash: Uint8Array }>(
    `SELECT id, revision, content_hash FROM objects WHERE catalog = ? AND kind = ? AND id IN (${IDS})`,
  )
  const selectDeleted = connection.prepare<{ id: string; revision: number }>(
    `SELECT id, revision FROM deletions WHERE catalog = ? AND kind = ? AND id IN (${IDS})`,
  )
  const selectAnyDeleted = connection.prepare('SELECT 1 FROM deletions WHERE catalog = ? AND kind = ? LIMIT 1')
  const selectBytes = connection.prepare<{ body: Uint8Array }>(
    `SELECT body FROM objects JOIN entries USING (entry) WHERE catalog = ${CATALOG_OF} AND kind = ? AND id = ?`,
  )
  const countObjects = connection.prepare<{ n: number }>(
    `SELECT count(*) AS n FROM objects WHERE catalog = ${CATALOG_OF} AND kind = ?`,
  )
  const writer = catalogWriter(connection)

  const find = (origin: string): KnownCatalog | undefined => {
    const row = selectCatalog.get(origin)
    return row && { catalog: row.catalog, size: row.size, changedTs: row.changed_ts }
  }

  const stateOf = (origin: string): CatalogState => {
    const { size, changedTs } = find(origin) ?? { size: 0, changedTs: 0 }
    return { size, changedTs }
  }

  return {
    state: (origin) => connection.read(() => stateOf(origin)),

    versions: (origin, kindName, ids) =>
      connection.transaction('DEFERRED', () => {
        const versions = new Map<string, KnownVersion>()
        const catalog = find(origin)?.catalog
        if (catalog === undefined) return versions
        const kind = KIND_NUMBERS[kindName]
        // In most catalogs nothing was ever deleted, and then no id is looked for twice.
        const hasDeleted = selectAnyDeleted.get(catalog, kind) !== undefined
        for (let start = 0; start < ids.length; start += IDS_A_STATEMENT) {
          const some = idsFrom(ids, start)
          // What is there now counts more than that it was once deleted.
          for (const { id, revision } of hasDeleted ? selectDeleted.all(catalog, kind, ...some) : []) {
            versions.set(id, { revision, contentHash: undefined })
          }
          for (const { id, revision, content_hash: hash } of selectVersions.all(catalog, kind, ...some)) {
            versions.set(id, { revision, contentHash: plainBytes(hash) })
          }
        }
        return versions
      }),

    get: (origin, kind, id) =>
      connection.read(() => {
        const row = selectBytes.get(origin, KIND_NUMBERS[kind], id)
        return row && plainBytes(row.body)
      }),

    count: (origin, kind) => connection.read(() => countObjects.get(origin, KIND_NUMBERS[kind])?.n ?? 0),

    commit: (origin, commit) =>
      connection.transaction('IMMEDIATE', () => {
        const state = stateOf(origin)
        if (state.size !== commit.expectedSize) return undefined
        return writer.apply(origin, state, commit)
      }),

    ...forgetting(connection),
    ...listing(connection),
    ...markTable(connection),
  }
}

/** As many ids as a statement takes. Where fewer are left, it looks for the last one again. */
function idsFrom(ids: readonly string[], start: number): string[] {
  return Array.from({ length: IDS_A_STATEMENT }, (_, index) => ids[Math.min(start + index, ids.length - 1)]!)
}
