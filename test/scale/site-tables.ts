import type { CatalogRepository, ChapterRecord, ObjectKind, Page, SeriesRecord } from '@manga-federation/core'
import type { Pool } from 'pg'
import { type Batch, SERIES } from './changes.ts'

/** A record as the site's database has it. */
export interface SiteRecord {
  readonly kind: ObjectKind
  readonly id: string
  /** How often it was changed. */
  readonly changes: number
  readonly is_deleted: boolean
}

/** A site's own part of a database, as far as it is looked at. */
export interface SiteTables extends CatalogRepository {
  /** Makes changes, all at once; those of a batch that was made before are not made again. */
  make(batch: Batch): Promise<void>
}

/** Makes the tables of a site in a schema of its own, with the series that it begins with. */
export function createSiteTables(schema: string): string {
  return `
    CREATE SCHEMA ${schema};
    CREATE TABLE ${schema}.batches (number int PRIMARY KEY);
    CREATE TABLE ${schema}.records (
      kind text, id text COLLATE "C", changes int NOT NULL, is_deleted boolean NOT NULL, PRIMARY KEY (kind, id));
    INSERT INTO ${schema}.records
      SELECT 'series', 's' || number, 1, false FROM generate_series(0, ${SERIES - 1}) AS number`
}

/** What a record says in the catalog: another thing after each change. */
export function titleOf({ id, changes }: SiteRecord): string {
  return `${id} after ${changes} changes`
}

/** Opens the tables in a schema. */
export function siteTables(pool: Pool, schema: string): SiteTables {
  // Whoever locks several rows does so in one order, or two would wait for each other.
  const makeChanges = `
    WITH first_time AS (INSERT INTO ${schema}.batches VALUES ($1) ON CONFLICT DO NOTHING RETURNING number)
    INSERT INTO ${schema}.records AS known (kind, id, changes, is_deleted)
      SELECT kind, id, 1, is_deletion
      FROM first_time, unnest($2::text[], $3::text[], $4::boolean[]) AS change (kind, id, is_deletion)
      ORDER BY kind, id
    ON CONFLICT (kind, id) DO UPDATE SET changes = known.changes + 1, is_deleted = excluded.is_deleted`
  const listRecords = `
    SELECT * FROM ${schema}.records WHERE kind = $1 AND id > $2 AND NOT is_deleted ORDER BY id LIMIT $3`
  const getRecord = `SELECT * FROM ${schema}.records WHERE kind = $1 AND id = $2 AND NOT is_deleted`

  async function list<Item>(
    kind: ObjectKind,
    { cursor = '', limit }: { readonly cursor?: string; readonly limit: number },
    itemOf: (row: SiteRecord) => Item,
  ): Promise<Page<Item>> {
    const { rows } = await pool.query<SiteRecord>(listRecords, [kind, cursor, limit])
    const last = rows.at(-1)
    return { items: rows.map(itemOf), ...(last && rows.length === limit ? { next: last.id } : {}) }
  }

  async function get<Item>(kind: ObjectKind, id: string, itemOf: (row: SiteRecord) => Item): Promise<Item | undefined> {
    const { rows } = await pool.query<SiteRecord>(getRecord, [kind, id])
    return rows[0] && itemOf(rows[0])
  }

  return {
    async make({ number, changes }) {
      const columns = [changes.map(({ kind }) => kind), changes.map(({ id }) => id)]
      await pool.query(makeChanges, [number, ...columns, changes.map(({ isDeletion }) => isDeletion)])
    },
    listSeries: (page) => list('series', page, seriesOf),
    listChapters: (page) => list('chapter', page, chapterOf),
    getSeries: (id) => get('series', id, seriesOf),
    getChapter: (id) => get('chapter', id, chapterOf),
  }
}

function seriesOf(row: SiteRecord): SeriesRecord {
  return { id: row.id, metadata: { en: { title: titleOf(row) } } }
}

function chapterOf(row: SiteRecord): ChapterRecord {
  return { id: row.id, seriesId: `s${row.id.at(-1)}`, metadata: { en: { title: titleOf(row), chapter: '1' } } }
}
