import type { CatalogStore } from '@manga-federation/core'
import { CATALOG_OF } from './catalog-of.ts'
import type { StoreConnection } from './connection.ts'
import { KIND_NUMBERS } from './kinds.ts'

/**
 * A temporary table: marks belong to a pass of this process, so they need not outlive it, leave nothing behind
 * when it is killed, and hinder no other process that writes. SQLite moves it to a temporary file as it grows.
 */
const CREATE_MARKS = `
  CREATE TEMP TABLE marks (
    pass TEXT NOT NULL,
    kind INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (pass, kind, id)
  ) STRICT, WITHOUT ROWID`

const UNMARKED = `
  FROM objects
  WHERE catalog = ${CATALOG_OF} AND kind = ? AND mirror_of IS NULL
    AND NOT EXISTS (SELECT 1 FROM marks WHERE pass = ? AND marks.kind = objects.kind AND marks.id = objects.id)`

type MarkMethods = Pick<CatalogStore, 'mark' | 'countUnmarked' | 'listUnmarked' | 'endPass'>

/** The marks of reconciling passes. */
export function markTable(connection: StoreConnection): MarkMethods {
  connection.prepare(CREATE_MARKS).run()
  const insertMark = connection.prepare('INSERT OR IGNORE INTO marks (pass, kind, id) VALUES (?, ?, ?)')
  const countUnmarked = connection.prepare<{ n: number }>(`SELECT count(*) AS n ${UNMARKED}`)
  const selectUnmarked = connection.prepare<{ id: string }>(`SELECT id ${UNMARKED} AND id > ? ORDER BY id LIMIT ?`)
  const deleteMarks = connection.prepare('DELETE FROM marks WHERE pass = ?')

  return {
    mark: (pass, kind, ids) =>
      connection.transaction('DEFERRED', () =>
        ids.filter((id) => Number(insertMark.run(pass, KIND_NUMBERS[kind], id).changes) === 0),
      ),

    countUnmarked: (pass, origin, kind) =>
      connection.read(() => countUnmarked.get(origin, KIND_NUMBERS[kind], pass)?.n ?? 0),

    // No id is empty, so all come behind the empty text.
    listUnmarked: (pass, origin, kind, { afterId = '', limit }) =>
      connection.read(() => selectUnmarked.all(origin, KIND_NUMBERS[kind], pass, afterId, limit).map(({ id }) => id)),

    endPass: (pass) =>
      connection.read(() => {
        deleteMarks.run(pass)
      }),
  }
}
