import type { CatalogCommit, CatalogState } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { entryWriter } from './entry-writer.ts'
import { objectWriter } from './object-writer.ts'
import { withheldWriter } from './withheld-writer.ts'

/** Writes a commit; the caller holds the transaction and has compared the size. */
export interface CatalogWriter {
  /** @returns the new state, or undefined when the commit is a follower's, whose record is another one by now. */
  apply(origin: string, state: CatalogState, commit: CatalogCommit): CatalogState | undefined
}

export function catalogWriter(connection: StoreConnection): CatalogWriter {
  const replaceRecord = connection.prepare('UPDATE following SET record = ? WHERE server_name = ? AND record = ?')
  const upsertCatalog = connection.prepare<{ catalog: number }>(
    `INSERT INTO catalogs (origin, size, changed_ts, head) VALUES (?, ?, ?, ?)
     ON CONFLICT (origin) DO UPDATE
       SET size = excluded.size, changed_ts = excluded.changed_ts, head = coalesce(excluded.head, head)
     RETURNING catalog`,
  )
  const entries = entryWriter(connection)
  const objects = objectWriter(connection)
  const withheld = withheldWriter(connection)

  return {
    apply(origin, { size, changedTs }, commit) {
      const { puts, deletes, log, following } = commit
      if (following && Number(replaceRecord.run(following.to, origin, following.from).changes) === 0) return undefined
      const changes = log?.entries.length ?? puts.length + deletes.length
      const next = { size: size + changes, changedTs: changes > 0 ? commit.changedTs : changedTs }
      const { catalog } = upsertCatalog.get(origin, next.size, next.changedTs, log?.head ?? null)!
      for (const { kind, id } of deletes) objects.delete(catalog, kind, id)
      // Objects before bodies: what drops the body of a replaced version must not meet the new one.
      objects.put(catalog, size, puts)
      if (log === undefined) entries.addBodies(catalog, size, puts)
      else entries.extendLog(catalog, size, log.entries, puts)
      withheld.end(catalog, [...deletes, ...puts])
      withheld.add(catalog, log?.withheld ?? [])
      return next
    },
  }
}
