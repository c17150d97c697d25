import type { StoredEntry, StoredObject } from '@manga-federation/core'
import { bulkInsert } from './bulk-insert.ts'
import type { StoreConnection } from './connection.ts'
import { entryKey } from './entry-key.ts'

/** The writes of a commit to the table `entries`. */
export interface EntryWriter {
  /** Appends entries with the bodies of those objects that are theirs; the others get to entries from before. */
  extendLog(catalog: number, size: number, entries: readonly StoredEntry[], objects: readonly StoredObject[]): void
  /** Adds the bodies of a catalog without a log: each object's place is the number of its change. */
  addBodies(catalog: number, size: number, objects: readonly StoredObject[]): void
}

export function entryWriter(connection: StoreConnection): EntryWriter {
  const insertEntries = bulkInsert(connection, { table: 'entries', columns: ['entry', 'header', 'nodes', 'body'] })
  const updateBody = connection.prepare('UPDATE entries SET body = ? WHERE entry = ?')

  return {
    extendLog(catalog, size, entries, objects) {
      const bodies = new Map(objects.map(({ seq, bytes }) => [seq, bytes]))
      insertEntries(entries, ({ bytes, nodes }, index) => {
        const seq = size + index
        return [entryKey(catalog, seq), bytes, nodes, bodies.get(seq) ?? null]
      })
      for (const { seq, bytes } of objects) {
        if (seq !== undefined && seq < size) updateBody.run(bytes, entryKey(catalog, seq))
      }
    },

    addBodies(catalog, size, objects) {
      insertEntries(objects, ({ bytes }, index) => [entryKey(catalog, size + index), null, null, bytes])
    },
  }
}
