import type { Database } from './database.ts'

/** How often rows that expired are looked for: they are in nobody's way, they only take room. */
const SWEEP_EVERY_MS = 10_000

/**
 * Deletes what expired from a table with a column `expires_ts`, from time to time. Rows that another process is about
 * to delete are left to it, so that two never wait for each other.
 *
 * @returns a function that is called with the present, POSIX milliseconds.
 */
export function expirySweep(database: Database, table: string): (nowTs: number) => Promise<void> {
  const deleteExpired = `
    DELETE FROM ${database.schema}.${table} WHERE ctid = ANY (
      ARRAY(SELECT ctid FROM ${database.schema}.${table} WHERE expires_ts < $1 FOR UPDATE SKIP LOCKED)
    )`
  let sweptTs = 0
  return async (nowTs) => {
    if (Math.abs(nowTs - sweptTs) < SWEEP_EVERY_MS) return
    sweptTs = nowTs
    await database.all(deleteExpired, nowTs)
  }
}
