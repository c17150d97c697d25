import type { Database } from './database.ts'

/** Below this any plan is fast. */
const FIRST_SIZE = 256

/** By how much a catalog grows until its statistics are made anew. */
const GROWTH = 4

/**
 * Has PostgreSQL look at the tables of catalogs when one has outgrown what is known of them, and plan anew. It does so
 * by itself, but a minute later, and in that minute a site publishes its whole catalog: with plans that read all of it
 * for each commit.
 *
 * @returns a function that is told how a catalog grew.
 */
export function growthStatistics(database: Database): (before: number, after: number) => void {
  const { schema } = database
  const analyze = `ANALYZE ${schema}.objects, ${schema}.entries`
  return (before, after) => {
    // The commit is stored: its caller does not wait for this, and what fails here is no concern of theirs.
    if (stageOf(after) > stageOf(before)) database.all(analyze).catch(() => undefined)
  }
}

/** How often a catalog has grown to `GROWTH` times its size. */
function stageOf(size: number): number {
  return size < FIRST_SIZE ? 0 : 1 + Math.floor(Math.log(size / FIRST_SIZE) / Math.log(GROWTH))
}
