import { randomUUID } from 'node:crypto'
import { FederationError, type CatalogStore } from '@manga-federation/core'
import { catalogOf } from './catalog-of.ts'
import type { Database } from './database.ts'
import { KIND_NUMBERS } from './kinds.ts'
import { storableText } from './storable-text.ts'

/** A pass marks or ends within seconds; one that did neither for so long belonged to a process that died. */
const DEAD_AFTER = "interval '1 day'"

export type MarkMethods = Pick<CatalogStore, 'mark' | 'countUnmarked' | 'listUnmarked' | 'endPass'>

/** The marks of reconciling passes. */
export interface MarkTables {
  readonly methods: MarkMethods
  /** Ends the passes that this process began. */
  endAll(): Promise<void>
}

/**
 * The tables `passes` and `marks`, which hold no journal: marks need not outlive a crash. Each pass has an id of its
 * own, whatever it is called, so that no process meets the marks of another. Who uses a pass makes sure that its row is
 * there: without it its marks were lost, and every object would seem to be gone.
 */
export function markTables(database: Database): MarkTables {
  const { schema } = database
  const deleteDead = `
    WITH dead AS (DELETE FROM ${schema}.passes WHERE used_at < now() - ${DEAD_AFTER} RETURNING pass)
    DELETE FROM ${schema}.marks WHERE pass IN (SELECT pass FROM dead)`
  const insertPass = `INSERT INTO ${schema}.passes (pass, used_at) VALUES ($1, now()) ON CONFLICT (pass) DO NOTHING`
  const insertMarks = `
    WITH live AS (
      UPDATE ${schema}.passes SET used_at = now() WHERE pass = $1 RETURNING pass
    ), fresh AS (
      INSERT INTO ${schema}.marks (pass, kind, id) SELECT live.pass, $2, given.id FROM live, unnest($3::text[]) AS given (id)
      ON CONFLICT (pass, kind, id) DO NOTHING RETURNING id
    )
    SELECT fresh.id FROM live LEFT JOIN fresh ON true`
  const own = `FROM ${schema}.objects AS held WHERE catalog = ${catalogOf(schema)} AND kind = $2 AND mirror_of IS NULL`
  const mark = `SELECT true FROM ${schema}.marks WHERE marks.pass = $3 AND marks.kind = held.kind AND marks.id = held.id`
  const countUnmarked = `
    SELECT (SELECT count(*) ${own} AND NOT EXISTS (${mark})) AS n FROM ${schema}.passes WHERE pass = $3`
  // Mark by mark is the way to a page; NOT EXISTS would have all marks of the pass read first.
  const selectUnmarked = `
    SELECT page.id FROM ${schema}.passes
    LEFT JOIN LATERAL (SELECT id ${own} AND id > $4 AND (${mark}) IS NULL ORDER BY id LIMIT $5) AS page ON true
    WHERE pass = $3 ORDER BY page.id`
  const deletePasses = `
    WITH ended AS (DELETE FROM ${schema}.passes WHERE pass = ANY ($1::uuid[]))
    DELETE FROM ${schema}.marks WHERE pass = ANY ($1::uuid[])`

  const passes = new Map<string, Promise<string>>()

  const begin = async (): Promise<string> => {
    const id = randomUUID()
    await database.all(deleteDead)
    await database.all(insertPass, id)
    return id
  }

  const idOf = (pass: string): Promise<string> => {
    const known = passes.get(pass)
    if (known !== undefined) return known
    const begun = begin()
    passes.set(pass, begun)
    // One that could not begin is begun with the next call.
    begun.catch(() => passes.delete(pass))
    return begun
  }

  const end = async (ids: readonly string[]): Promise<void> => {
    if (ids.length > 0) await database.all(deletePasses, ids)
  }

  return {
    methods: {
      async mark(pass, kind, ids) {
        const rows = await database.once<{ id: string | null }>(insertMarks, await idOf(pass), KIND_NUMBERS[kind], ids)
        if (rows.length === 0) throw marksLost()
        const fresh = new Set(rows.map(({ id }) => id))
        return ids.filter((id) => !fresh.delete(storableText(id)))
      },

      async countUnmarked(pass, origin, kind) {
        const row = await database.first<{ n: number }>(countUnmarked, origin, KIND_NUMBERS[kind], await idOf(pass))
        if (row === undefined) throw marksLost()
        return row.n
      },

      async listUnmarked(pass, origin, kind, { afterId = '', limit }) {
        // No id is empty, so all come behind the empty text.
        const values = [origin, KIND_NUMBERS[kind], await idOf(pass), afterId, limit] as const
        const rows = await database.all<{ id: string | null }>(selectUnmarked, ...values)
        if (rows.length === 0) throw marksLost()
        return rows.flatMap(({ id }) => id ?? [])
      },

      async endPass(pass) {
        const id = passes.get(pass)
        passes.delete(pass)
        if (id !== undefined) await end([await id])
      },
    },

    async endAll() {
      const begun = await Promise.allSettled(passes.values())
      passes.clear()
      await end(begun.flatMap((pass) => (pass.status === 'fulfilled' ? [pass.value] : [])))
    },
  }
}

function marksLost(): FederationError {
  return new FederationError(
    'store_unavailable',
    'What this pass over the catalog saw was lost when PostgreSQL crashed. Nothing is removed; the next pass starts anew.',
  )
}
