import { FederationError, type LogStore, type StoredLogPage } from '@manga-federation/core'
import { CATALOG_OF } from './catalog-of.ts'
import type { StoreConnection } from './connection.ts'
import { endOfEntries, entryKey } from './entry-key.ts'
import { kindOf } from './kinds.ts'
import { plainBytes } from './plain-bytes.ts'

/** The length of SHA-256. */
const HASH_BYTES = 32

type EntryRow = { header: Uint8Array; body: Uint8Array | null }

/** The logs, in the tables `catalogs`, `entries` and `withheld`. */
export function logTable(connection: StoreConnection): LogStore {
  const selectLog = connection.prepare<{ catalog: number; head: Uint8Array | null }>(
    'SELECT catalog, head FROM catalogs WHERE origin = ?',
  )
  const updateHead = connection.prepare('UPDATE catalogs SET head = ? WHERE origin = ? AND size = ?')
  const selectEntries = connection.prepare<EntryRow>(
    `SELECT header, body FROM entries
     WHERE entry >= ? AND entry < ? AND header IS NOT NULL ORDER BY entry LIMIT ?`,
  )
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

    page: (origin, { since, limit, maxBytes }) =>
      connection.transaction('DEFERRED', () => {
        const log = selectLog.get(origin)
        if (log === undefined) return { head: undefined, entries: [] }
        const rows = selectEntries.iterate(entryKey(log.catalog, since), endOfEntries(log.catalog), limit)
        return { head: headFrom(log), entries: firstBytes(rows, maxBytes) }
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

/** As many entries as `maxBytes` have room for, and at least one. The rows behind them are not read. */
function firstBytes(rows: Iterable<EntryRow>, maxBytes: number): StoredLogPage['entries'] {
  const entries: StoredLogPage['entries'][number][] = []
  let bytes = 0
  for (const { header, body } of rows) {
    bytes += header.length + (body?.length ?? 0)
    if (bytes > maxBytes && entries.length > 0) break
    entries.push({ bytes: plainBytes(header), body: body === null ? undefined : plainBytes(body) })
  }
  return entries
}
