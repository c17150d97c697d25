import type { CatalogQuery, CatalogStore } from '@manga-federation/core'
import { CATALOG_OF } from './catalog-of.ts'
import type { StoreConnection } from './connection.ts'
import type { SqlStatement, SqlValue } from './driver.ts'
import { KIND_NUMBERS } from './kinds.ts'
import { plainBytes } from './plain-bytes.ts'

type ListedRow = { id: string; body: Uint8Array }

/** The SQL of one condition and the values of its parameters. */
type Condition = readonly [sql: string, ...parameters: SqlValue[]]

/**
 * Listing by keyset: a page starts at its first id in the primary key, or in the index of the series' chapters,
 * however deep it lies. The filters `sinceTs`, `locale` and `search` look at the objects from there on until the
 * page is full; when few match, that is the whole catalog, though never its bytes.
 */
export function listing(connection: StoreConnection): Pick<CatalogStore, 'list'> {
  const prepared = new Map<string, SqlStatement<ListedRow>>()
  const statementFor = (sql: string): SqlStatement<ListedRow> => {
    const statement = prepared.get(sql) ?? connection.prepare<ListedRow>(sql)
    prepared.set(sql, statement)
    return statement
  }

  return {
    list: (query) =>
      connection.read(() => {
        const conditions = conditionsOf(query)
        // CROSS JOIN fixes the order of the loops: objects first, and entries only for the rows of the page.
        const statement = statementFor(
          `SELECT id, body FROM objects ${indexFor(query)} CROSS JOIN entries USING (entry)
           WHERE ${conditions.map(([sql]) => sql).join(' AND ')} ORDER BY id LIMIT ?`,
        )
        const parameters = conditions.flatMap(([, ...values]) => values)
        return statement.all(...parameters, query.limit).map(({ id, body }) => ({ id, bytes: plainBytes(body) }))
      }),
  }
}

/** Without a hint SQLite takes the primary key even for the chapters of one series, and walks past all others. */
function indexFor({ seriesId }: CatalogQuery): string {
  return seriesId === undefined ? '' : 'INDEXED BY chapters_by_series'
}

/** The conditions that a query sets. Which ones are there decides the SQL, so there are 32 statements at most. */
function conditionsOf({ origin, kind, seriesId, afterId, sinceTs, locale, search }: CatalogQuery): Condition[] {
  const conditions: Condition[] = [
    [`catalog = ${CATALOG_OF}`, origin],
    ['kind = ?', KIND_NUMBERS[kind]],
  ]
  if (seriesId !== undefined) conditions.push(['series_id = ?', seriesId])
  if (afterId !== undefined) conditions.push(['id > ?', afterId])
  if (sinceTs !== undefined) conditions.push(['updated_ts >= ?', sinceTs])
  if (locale !== undefined) {
    conditions.push(['(instr(locales, ?) OR instr(locales, ?))', `|${locale}|`, `|${locale}-`])
  }
  if (search !== undefined) conditions.push(['instr(search_text, ?)', search])
  return conditions
}
