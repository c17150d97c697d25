import type { ObjectKind, WithheldBody } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { KIND_NUMBERS } from './kinds.ts'

/** The writes of a commit to the table `withheld`. */
export interface WithheldWriter {
  add(catalog: number, bodies: readonly WithheldBody[]): void
  /** Forgets those of the objects that were put or deleted. */
  end(catalog: number, objects: readonly { readonly kind: ObjectKind; readonly id: string }[]): void
}

export function withheldWriter(connection: StoreConnection): WithheldWriter {
  const selectAny = connection.prepare('SELECT 1 FROM withheld WHERE catalog = ? LIMIT 1')
  const insertBody = connection.prepare('INSERT OR REPLACE INTO withheld (catalog, kind, id, seq) VALUES (?, ?, ?, ?)')
  const deleteBody = connection.prepare('DELETE FROM withheld WHERE catalog = ? AND kind = ? AND id = ?')

  return {
    add(catalog, bodies) {
      for (const { kind, id, seq } of bodies) insertBody.run(catalog, KIND_NUMBERS[kind], id, seq)
    },

    end(catalog, objects) {
      // In most catalogs no body is missing, and then none is looked for.
      if (selectAny.get(catalog) === undefined) return
      for (const { kind, id } of objects) deleteBody.run(catalog, KIND_NUMBERS[kind], id)
    },
  }
}
