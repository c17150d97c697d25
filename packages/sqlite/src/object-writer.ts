import type { ObjectKind, StoredObject } from '@manga-federation/core'
import { bulkInsert } from './bulk-insert.ts'
import type { StoreConnection } from './connection.ts'
import { entryKey } from './entry-key.ts'
import { KIND_NUMBERS } from './kinds.ts'

/** The writes of a commit to the tables `objects` and `deletions`; triggers drop the bodies that they leave behind. */
export interface ObjectWriter {
  delete(catalog: number, kind: ObjectKind, id: string): void
  /** Adds and replaces objects. In a catalog without a log each object's place is the number of its change. */
  put(catalog: number, size: number, objects: readonly StoredObject[]): void
}

const KEY = ['catalog', 'kind', 'id']

/** What a newer version replaces. */
const VERSION = ['entry', 'series_id', 'revision', 'updated_ts', 'content_hash', 'locales', 'search_text', 'mirror_of']

export function objectWriter(connection: StoreConnection): ObjectWriter {
  const deleteObject = connection.prepare<{ revision: number }>(
    'DELETE FROM objects WHERE catalog = ? AND kind = ? AND id = ? RETURNING revision',
  )
  const rememberDeletion = connection.prepare(
    'INSERT OR REPLACE INTO deletions (catalog, kind, id, revision) VALUES (?, ?, ?, ?)',
  )
  const replace = VERSION.map((column) => `${column} = excluded.${column}`).join(', ')
  const upsertObjects = bulkInsert(connection, {
    table: 'objects',
    columns: [...KEY, ...VERSION],
    onConflict: `ON CONFLICT (${KEY.join(', ')}) DO UPDATE SET ${replace}`,
  })

  return {
    delete(catalog, kindName, id) {
      const kind = KIND_NUMBERS[kindName]
      const deleted = deleteObject.get(catalog, kind, id)
      if (deleted !== undefined) rememberDeletion.run(catalog, kind, id, deleted.revision)
    },

    put(catalog, size, objects) {
      upsertObjects(objects, (object, index) => [
        catalog,
        KIND_NUMBERS[object.kind],
        object.id,
        entryKey(catalog, object.seq ?? size + index),
        object.seriesId ?? null,
        object.revision,
        object.updatedTs,
        object.contentHash,
        object.locales,
        object.searchText,
        object.mirrorOf ?? null,
      ])
    },
  }
}
