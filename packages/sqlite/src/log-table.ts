import { FederationError, type LogStore } from '@manga-federation/core'
import { CATALOG_OF } from './catalog-of.ts'
import type { StoreConnection } from './connection.ts'
import { entryKey } from './entry-key.ts'
import { kindOf } from './kinds.ts'
import { logPages } from './log-pages.ts'
import { plainBytes } from './plain-bytes.ts'

/** The length of SHA-256. */
const HASH_BYTES = 32

/** The logs, in the tables `catalogs`, `entries` and `withheld`. */
export function logTable(connection: StoreConnection): LogStore {
  const selectLog = connection.prepare<{ catalog: number; head: Uint8Array | null }>(
    'SELECT catalog, head FROM catalogs WHERE origin = ?',
  )
  const updateHead = connection.prepare('UPDATE catalogs SET head = ? WHERE origin = ? AND size = ?')
  const pages = logPages(connection)
  const selectNode = connection.prepare<{ hash: Uint8Array | null }>(
    'SELECT substr(nodes, ?, ?) AS hash FROM entries WHERE entry = ?',
  )
  const selectWithheld = connection.prepare<{ kind: number; id: string; seq: number }>(
    `SELECT kind, id, seq FROM withheld WHERE catalog = ${CATALOG_OF} ORDER BY seq LIMIT ?`,
  )

  const nodeOf = (catalog: number, level: number, index: number): Uint8Array | undefined => {
    const completedBy = entryKey(catalog, (index + 1) * 2 ** level - 1)
    const hash = selectNode.get(level * HASH_BYTES + 1, HASH_BYTES, completedBy)?.hash
    return hash?.length === HASH_BYTES ? plainBytes(hash) : undefined
  }

  return {
    head: (origin) => connection.read(() => headFrom(selectLog.get(origin))),

    replaceHead: (origin, size, head) =>
      connection.read(() => Number(updateHead.run(head, origin, size).changes) === 1),

    page: (origin, page) =>
      connection.transaction('DEFERRED', () => {
        const log = selectLog.get(origin)
        if (log === undefined) return { head: undefined, entries: [] }
        return { head: headFrom(log), ...pages.read(log.catalog, page) }
      }),

    nodes: (origin, positions) =>
      connection.transaction('DEFERRED', () => {
        const catalog = selectLog.get(origin)?.catalog
        return positions.map(({ level, index }) => {
          const hash = catalog === undefined ? undefined : nodeOf(catalog, level, index)
          if (hash !== undefined) return hash
          throw new FederationError('store_damaged', `The log of ${origin} lacks node ${index} of level ${level}.`)
        })
      }),

    withheld: (origin, limit) =>
      connection.read(() => selectWithheld.all(origin, limit).map((row) => ({ ...row, kind: kindOf(row.kind) }))),
  }
}

function headFrom(log: { head: Uint8Array | null } | undefined): Uint8Array | undefined {
  return log?.head ? plainBytes(log.head) : undefined
}
