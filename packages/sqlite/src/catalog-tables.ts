import type { CatalogState, CatalogStore, KnownVersion, ObjectKind, StoredObject } from '@manga-federation/core'
import { CATALOG_OF } from './catalog-of.ts'
import type { StoreConnection } from './connection.ts'
import { listing } from './listing.ts'
import { markTable } from './mark-table.ts'
import { plainBytes } from './plain-bytes.ts'

/** The catalogs, in the tables `catalogs`, `objects` and `bodies`, and the marks of reconciling passes. */
export function catalogTables(connection: StoreConnection): CatalogStore {
  const selectState = connection.prepare<{ size: number; changed_ts: number }>(
    'SELECT size, changed_ts FROM catalogs WHERE origin = ?',
  )
  const selectVersion = connection.prepare<{ revision: number; content_hash: Uint8Array }>(
    `SELECT revision, content_hash FROM objects WHERE catalog = ${CATALOG_OF} AND kind = ? AND id = ?`,
  )
  const selectDeleted = connection.prepare<{ revision: number }>(
    `SELECT revision FROM deletions WHERE catalog = ${CATALOG_OF} AND kind = ? AND id = ?`,
  )
  const selectAnyDeleted = connection.prepare<{ revision: number }>(
    `SELECT revision FROM deletions WHERE catalog = ${CATALOG_OF} AND kind = ? LIMIT 1`,
  )
  const selectBytes = connection.prepare<{ bytes: Uint8Array }>(
    `SELECT bytes FROM objects JOIN bodies USING (body) WHERE catalog = ${CATALOG_OF} AND kind = ? AND id = ?`,
  )
  const countObjects = connection.prepare<{ n: number }>(
    `SELECT count(*) AS n FROM objects WHERE catalog = ${CATALOG_OF} AND kind = ?`,
  )
  const writer = catalogWriter(connection)

  const stateOf = (origin: string): CatalogState => {
    const row = selectState.get(origin)
    return row === undefined ? { size: 0, changedTs: 0 } : { size: row.size, changedTs: row.changed_ts }
  }

  const currentVersion = (origin: string, kind: ObjectKind, id: string): KnownVersion | undefined => {
    const row = selectVersion.get(origin, kind, id)
    return row && { revision: row.revision, contentHash: plainBytes(row.content_hash) }
  }

  const deletedVersion = (origin: string, kind: ObjectKind, id: string): KnownVersion | undefined => {
    const row = selectDeleted.get(origin, kind, id)
    return row && { revision: row.revision, contentHash: undefined }
  }

  return {
    state: (origin) => connection.read(() => stateOf(origin)),

    versions: (origin, kind, ids) =>
      connection.transaction('DEFERRED', () => {
        const versions = new Map<string, KnownVersion>()
        // In most catalogs nothing was ever deleted, and then no id is looked for twice.
        const hasDeleted = selectAnyDeleted.get(origin, kind) !== undefined
        for (const id of ids) {
          const version =
            currentVersion(origin, kind, id) ?? (hasDeleted ? deletedVersion(origin, kind, id) : undefined)
          if (version !== undefined) versions.set(id, version)
        }
        return versions
      }),

    get: (origin, kind, id) =>
      connection.read(() => {
        const row = selectBytes.get(origin, kind, id)
        return row && plainBytes(row.bytes)
      }),

    count: (origin, kind) => connection.read(() => countObjects.get(origin, kind)?.n ?? 0),

    commit: (origin, { expectedSize, puts, deletes, changedTs }) =>
      connection.transaction('IMMEDIATE', () => {
        const state = stateOf(origin)
        if (state.size !== expectedSize) return undefined
        const changes = puts.length + deletes.length
        if (changes === 0) return state
        const next = { size: expectedSize + changes, changedTs }
        const catalog = writer.advance(origin, next)
        for (const { kind, id } of deletes) writer.delete(catalog, kind, id)
        for (const object of puts) writer.put(catalog, object)
        return next
      }),

    ...listing(connection),
    ...markTable(connection),
  }
}

/** The single writes of a commit; the caller holds the transaction. */
interface CatalogWriter {
  /** Stores the state, and returns the number of the catalog. */
  advance(origin: string, state: CatalogState): number
  delete(catalog: number, kind: ObjectKind, id: string): void
  put(catalog: number, object: StoredObject): void
}

function catalogWriter(connection: StoreConnection): CatalogWriter {
  const upsertCatalog = connection.prepare<{ catalog: number }>(
    `INSERT INTO catalogs (origin, size, changed_ts) VALUES (?, ?, ?)
     ON CONFLICT (origin) DO UPDATE SET size = excluded.size, changed_ts = excluded.changed_ts
     RETURNING catalog`,
  )
  const deleteObject = connection.prepare<{ body: number; revision: number }>(
    'DELETE FROM objects WHERE catalog = ? AND kind = ? AND id = ? RETURNING body, revision',
  )
  const deleteBody = connection.prepare('DELETE FROM bodies WHERE body = ?')
  const rememberDeletion = connection.prepare(
    'INSERT OR REPLACE INTO deletions (catalog, kind, id, revision) VALUES (?, ?, ?, ?)',
  )
  const insertBody = connection.prepare('INSERT INTO bodies (bytes) VALUES (?)')
  const insertObject = connection.prepare(
    `INSERT INTO objects
       (catalog, kind, id, body, series_id, revision, updated_ts, content_hash, locales, search_text)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (catalog, kind, id) DO NOTHING`,
  )

  /** Takes an object away, and returns its revision if it was there. */
  const remove = (catalog: number, kind: ObjectKind, id: string): number | undefined => {
    const removed = deleteObject.get(catalog, kind, id)
    if (removed !== undefined) deleteBody.run(removed.body)
    return removed?.revision
  }

  return {
    advance: (origin, { size, changedTs }) => upsertCatalog.get(origin, size, changedTs)!.catalog,

    delete: (catalog, kind, id) => {
      const revision = remove(catalog, kind, id)
      if (revision !== undefined) rememberDeletion.run(catalog, kind, id, revision)
    },

    put: (catalog, { kind, id, seriesId, revision, updatedTs, contentHash, locales, searchText, bytes }) => {
      const body = Number(insertBody.run(bytes).lastInsertRowid)
      const row = [body, seriesId ?? null, revision, updatedTs, contentHash, locales, searchText]
      // Most objects are new: what is there already is looked for only when the first try finds it.
      if (Number(insertObject.run(catalog, kind, id, ...row).changes) > 0) return
      remove(catalog, kind, id)
      insertObject.run(catalog, kind, id, ...row)
    },
  }
}
