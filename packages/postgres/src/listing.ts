import type { CatalogQuery, CatalogStore } from '@manga-federation/core'
import { catalogOf } from './catalog-of.ts'
import type { Database, SqlValue } from './database.ts'
import { KIND_NUMBERS } from './kinds.ts'

/** The most objects that are listed at once. */
const MAX_LIMIT = 1000

/**
 * Listing by keyset: a page starts at its first id in the primary key, or in the index of the series' chapters,
 * however deep it lies. The filters `sinceTs`, `locale` and `search` look at the objects from there on until the
 * page is full; when few match, that is the whole catalog, though never its bytes.
 */
export function listing(database: Database): Pick<CatalogStore, 'list'> {
  const { schema } = database

  return {
    list(query) {
      const { conditions, values } = conditionsOf(query, schema)
      // PostgreSQL expects a limit that it does not know to be a tenth of the table. Without the constant beside it, it
      // would take the one plan for all limits for expensive, and plan anew for each page: half of what a page costs.
      // Bodies are looked up row by row, and only for the rows of the page.
      return database.all<{ id: string; bytes: Uint8Array }>(
        `SELECT id, (SELECT body FROM ${schema}.entries WHERE catalog = page.catalog AND seq = page.seq) AS bytes
         FROM (
           SELECT catalog, seq, id FROM ${schema}.objects WHERE ${conditions.join(' AND ')}
           ORDER BY id LIMIT ${MAX_LIMIT}
         ) AS page
         ORDER BY id LIMIT $${values.length + 1}`,
        ...values,
        query.limit,
      )
    },
  }
}

/** The conditions that a query sets. Which ones are there decides the SQL, so there are 32 statements at most. */
function conditionsOf(query: CatalogQuery, schema: string): { conditions: string[]; values: SqlValue[] } {
  const { origin, kind, seriesId, afterId, sinceTs, locale, search } = query
  const conditions: string[] = []
  const values: SqlValue[] = []
  const require = (value: SqlValue, conditionOn: (parameter: string) => string): void => {
    values.push(value)
    conditions.push(conditionOn(`$${values.length}`))
  }
  require(origin, () => `catalog = ${catalogOf(schema)}`)
  require(KIND_NUMBERS[kind], (parameter) => `kind = ${parameter}`)
  if (seriesId !== undefined) require(seriesId, (parameter) => `series_id = ${parameter}`)
  if (afterId !== undefined) require(afterId, (parameter) => `id > ${parameter}`)
  if (sinceTs !== undefined) require(sinceTs, (parameter) => `updated_ts >= ${parameter}`)
  if (locale !== undefined) {
    require(locale, (parameter) => `(${contains('locales', `'|' || ${parameter} || '|'`)} OR
      ${contains('locales', `'|' || ${parameter} || '-'`)})`)
  }
  if (search !== undefined) require(search, (parameter) => contains('search_text', parameter))
  return { conditions, values }
}

/** Unlike LIKE it has no wildcards. */
function contains(column: string, text: string): string {
  return `strpos(${column}, ${text}) > 0`
}
