import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase, type Database } from './sqlite.ts'

/** The status of a series; the site's words are the protocol's. */
export type SeriesStatus = 'ongoing' | 'completed' | 'hiatus' | 'cancelled'

/** One row of `series`. Lists and maps are JSON. */
export interface SeriesRow {
  id: string
  title: string
  titles: string
  alternative_titles: string | null
  authors: string | null
  artists: string | null
  status: SeriesStatus | null
  original_language: string | null
  genres: string | null
  tags: string | null
  mangaupdates: string | null
  myanimelist: string | null
  links: string | null
  numbering: 'continuous' | 'by-volume'
}

/** One row of `chapters`. */
export interface ChapterRow {
  id: number
  series_id: string
  number: string | null
  volume: string | null
  title: string | null
  language: string
  release_group: string | null
  pages: number | null
  published_at: string
  position: number
}

/**
 * The tables that this site had before it knew of any federation.
 *
 * Chapters are numbered by SQLite, with AUTOINCREMENT: the id of a deleted chapter is never given to another one.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS series (
    id                 TEXT PRIMARY KEY,
    title              TEXT NOT NULL COLLATE NOCASE,
    titles             TEXT NOT NULL,
    alternative_titles TEXT,
    authors            TEXT,
    artists            TEXT,
    status             TEXT,
    original_language  TEXT,
    genres             TEXT,
    tags               TEXT,
    mangaupdates       TEXT,
    myanimelist        TEXT,
    links              TEXT,
    numbering          TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS series_by_title ON series (title, id);

  CREATE TABLE IF NOT EXISTS chapters (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    series_id     TEXT NOT NULL REFERENCES series (id),
    number        TEXT,
    volume        TEXT,
    title         TEXT,
    language      TEXT NOT NULL,
    release_group TEXT,
    pages         INTEGER,
    published_at  TEXT NOT NULL,
    position      INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS chapters_in_order ON chapters (series_id, position, id);
`

/**
 * Opens the site's own database, `site.db`, and makes its tables if they are not there yet. Several processes may do
 * so at once, which is why it stays in SQLite's usual journal mode: while one of them changes the mode, the others do
 * not wait but fail.
 *
 * @param dataDir the folder of the database; made when missing.
 */
export function openSiteDatabase(dataDir: string): Database {
  mkdirSync(dataDir, { recursive: true })
  const database = openDatabase(join(dataDir, 'site.db'))
  database.exec('PRAGMA foreign_keys = ON')
  database.exec(SCHEMA)
  return database
}

/** A column that holds a JSON list, such as `authors`. */
export function list(column: string | null): string[] {
  const items: string[] = JSON.parse(column ?? '[]')
  return items
}

/** A column that holds JSON text by key, such as `titles`. */
export function textByKey(column: string | null): Record<string, string> {
  const texts: Record<string, string> = JSON.parse(column ?? '{}')
  return texts
}
