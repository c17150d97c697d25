import type { CatalogStore, KnownVersion } from '@manga-federation/core'
import { catalogOf } from './catalog-of.ts'
import { catalogWriter } from './catalog-writer.ts'
import type { Database } from './database.ts'
import { forgetting } from './forgetting.ts'
import { KIND_NUMBERS } from './kinds.ts'
import { listing } from './listing.ts'
import type { MarkMethods } from './mark-tables.ts'

interface VersionRow {
  readonly id: string
  readonly revision: number
  readonly content_hash: Uint8Array | null
}

/** The catalogs, in the tables `catalogs`, `objects` and `entries`. */
export function catalogTables(database: Database, marks: MarkMethods): CatalogStore {
  const { schema } = database
  const catalog = catalogOf(schema)
  const selectState = `SELECT size, changed_ts FROM ${schema}.catalogs WHERE origin = $1`
  const selectVersions = `
    SELECT id, revision, content_hash FROM ${schema}.objects
    WHERE catalog = ${catalog} AND kind = $2 AND id = ANY ($3::text[])
    UNION ALL
    SELECT id, revision, NULL FROM ${schema}.deletions
    WHERE catalog = ${catalog} AND kind = $2 AND id = ANY ($3::text[])`
  const selectBytes = `
    SELECT body FROM ${schema}.objects JOIN ${schema}.entries USING (catalog, seq)
    WHERE catalog = ${catalog} AND kind = $2 AND id = $3`
  const countObjects = `SELECT count(*) AS n FROM ${schema}.objects WHERE catalog = ${catalog} AND kind = $2`

  return {
    async state(origin) {
      const row = await database.first<{ size: number; changed_ts: number }>(selectState, origin)
      return { size: row?.size ?? 0, changedTs: row?.changed_ts ?? 0 }
    },

    async versions(origin, kind, ids) {
      const rows = await database.all<VersionRow>(selectVersions, origin, KIND_NUMBERS[kind], ids)
      const versions = new Map<string, KnownVersion>()
      for (const { id, revision, content_hash: contentHash } of rows) {
        // The row of a deletion stays when its id comes back.
        if (contentHash !== null) versions.set(id, { revision, contentHash })
        else if (!versions.has(id)) versions.set(id, { revision, contentHash: undefined })
      }
      return versions
    },

    async get(origin, kind, id) {
      return (await database.first<{ body: Uint8Array }>(selectBytes, origin, KIND_NUMBERS[kind], id))?.body
    },

    async count(origin, kind) {
      return (await database.first<{ n: number }>(countObjects, origin, KIND_NUMBERS[kind]))?.n ?? 0
    },

    ...catalogWriter(database),
    ...forgetting(database),
    ...listing(database),
    ...marks,
  }
}
