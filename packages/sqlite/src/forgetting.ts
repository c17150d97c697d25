import { setImmediate } from 'node:timers/promises'
import type { CatalogStore } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { endOfEntries, entryKey } from './entry-key.ts'

/** Rows that one transaction clears: some milliseconds, after which other work has its turn. */
const ROWS_A_TRANSACTION = 1000

/**
 * Forgetting a catalog: it loses its name in one statement, and from then on nothing is known of it. Its rows are
 * cleared bit by bit, since there may be a million. What a process that died left of them is cleared by the next that
 * forgets a catalog.
 */
export function forgetting(connection: StoreConnection): Pick<CatalogStore, 'forget'> {
  const takeName = connection.prepare('UPDATE catalogs SET origin = NULL WHERE origin = ?')
  const selectNameless = connection.prepare<{ catalog: number }>(
    'SELECT catalog FROM catalogs WHERE origin IS NULL LIMIT 1',
  )
  const deleteEntries = connection.prepare(
    'DELETE FROM entries WHERE entry IN (SELECT entry FROM entries WHERE entry >= ? AND entry < ? LIMIT ?)',
  )
  const deleteByKey = ['objects', 'deletions', 'withheld'].map((table) =>
    connection.prepare(
      `DELETE FROM ${table}
       WHERE (catalog, kind, id) IN (SELECT catalog, kind, id FROM ${table} WHERE catalog = ? LIMIT ?)`,
    ),
  )
  const deleteCatalog = connection.prepare('DELETE FROM catalogs WHERE catalog = ?')

  /** Clears some rows of a catalog without a name, and returns whether there is one. */
  const clearSome = (): boolean => {
    const catalog = selectNameless.get()?.catalog
    if (catalog === undefined) return false
    // Entries first: the trigger on objects then finds no body to drop.
    const entries = deleteEntries.run(entryKey(catalog, 0), endOfEntries(catalog), ROWS_A_TRANSACTION)
    if (Number(entries.changes) > 0) return true
    for (const statement of deleteByKey) {
      if (Number(statement.run(catalog, ROWS_A_TRANSACTION).changes) > 0) return true
    }
    deleteCatalog.run(catalog)
    return true
  }

  return {
    async forget(origin) {
      await connection.read(() => takeName.run(origin))
      while (await connection.transaction('IMMEDIATE', clearSome)) await setImmediate()
    },
  }
}
