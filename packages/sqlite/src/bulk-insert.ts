import type { StoreConnection } from './connection.ts'
import type { SqlValue } from './driver.ts'

/** Rows that one statement inserts: what a statement costs by itself hardly shows from here on. */
const ROWS_A_STATEMENT = 20

/**
 * Prepares an insertion of many rows.
 *
 * @param onConflict - what becomes of a row that is there: an `ON CONFLICT` clause.
 * @returns inserts rows, whose values stand in the order of `columns`.
 */
export function bulkInsert(
  connection: StoreConnection,
  { table, columns, onConflict = '' }: { table: string; columns: readonly string[]; onConflict?: string },
): (rows: readonly (readonly SqlValue[])[]) => void {
  const row = `(${columns.map(() => '?').join(', ')})`
  const sqlFor = (rows: number): string =>
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array(rows).fill(row).join(', ')} ${onConflict}`
  const insertOne = connection.prepare(sqlFor(1))
  const insertMany = connection.prepare(sqlFor(ROWS_A_STATEMENT))

  return (rows) => {
    const odd = rows.length % ROWS_A_STATEMENT
    for (const values of rows.slice(0, odd)) insertOne.run(...values)
    for (let start = odd; start < rows.length; start += ROWS_A_STATEMENT) {
      insertMany.run(...rows.slice(start, start + ROWS_A_STATEMENT).flat())
    }
  }
}
