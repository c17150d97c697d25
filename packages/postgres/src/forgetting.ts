import { setImmediate } from 'node:timers/promises'
import type { CatalogStore } from '@manga-federation/core'
import type { Database } from './database.ts'

/** Rows that one transaction clears: some milliseconds, after which other work has its turn. */
const ROWS_A_TRANSACTION = 1000

/** Each has a column `catalog`. */
const TABLES = ['entries', 'objects', 'deletions', 'withheld'] as const

/**
 * Forgetting a catalog: it loses its name in one statement, and from then on nothing is known of it. Its rows are
 * cleared bit by bit, since there may be a million. What a process that died left of them is cleared by the next that
 * forgets a catalog.
 */
export function forgetting(database: Database): Pick<CatalogStore, 'forget'> {
  const { schema } = database
  const takeName = `UPDATE ${schema}.catalogs SET origin = NULL WHERE origin = $1`
  const selectNameless = `SELECT catalog FROM ${schema}.catalogs WHERE origin IS NULL LIMIT 1`
  const clearTables = TABLES.map(
    (table) => `
    WITH cleared AS (
      DELETE FROM ${schema}.${table}
      WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${schema}.${table} WHERE catalog = $1 LIMIT $2)) RETURNING 1
    )
    SELECT count(*) AS n FROM cleared`,
  )
  const deleteCatalog = `DELETE FROM ${schema}.catalogs WHERE catalog = $1`

  const clear = async (catalog: number): Promise<void> => {
    for (const sql of clearTables) {
      while (((await database.first<{ n: number }>(sql, catalog, ROWS_A_TRANSACTION))?.n ?? 0) > 0) await setImmediate()
    }
    await database.all(deleteCatalog, catalog)
  }

  return {
    async forget(origin) {
      await database.all(takeName, origin)
      for (;;) {
        const nameless = await database.first<{ catalog: number }>(selectNameless)
        if (nameless === undefined) return
        await clear(nameless.catalog)
      }
    },
  }
}
