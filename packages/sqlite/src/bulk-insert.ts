import type { StoreConnection } from './connection.ts'
import type { SqlValue } from './driver.ts'

/** Rows that one statement inserts: what a statement costs by itself hardly shows from here on. */
const ROWS_A_STATEMENT = 20

/**
 * Prepares an insertion of many rows.
 *
 * @param onConflict - what becomes of a row that is there: an `ON CONFLICT` clause.
 * @returns inserts a row for each item. `valuesOf` tells its values in the order of `columns`, when they are needed: as
 *   rows all of them would take more memory than the items do.
 */
export function bulkInsert(
  connection: StoreConnection,
  { table, columns, onConflict = '' }: { table: string; columns: readonly string[]; onConflict?: string },
): <T>(items: readonly T[], valuesOf: (item: T, index: number) => readonly SqlValue[]) => void {
  const row = `(${columns.map(() => '?').join(', ')})`
  const sqlFor = (rows: number): string =>
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array(rows).fill(row).join(', ')} ${onConflict}`
  const insertOne = connection.prepare(sqlFor(1))
  const insertMany = connection.prepare(sqlFor(ROWS_A_STATEMENT))

  return (items, valuesOf) => {
    const odd = items.length % ROWS_A_STATEMENT
    for (let index = 0; index < odd; index++) insertOne.run(...valuesOf(items[index]!, index))
    for (let start = odd; start < items.length; start += ROWS_A_STATEMENT) {
      const values: SqlValue[] = []
      for (let index = start; index < start + ROWS_A_STATEMENT; index++) values.push(...valuesOf(items[index]!, index))
      insertMany.run(...values)
    }
  }
}
