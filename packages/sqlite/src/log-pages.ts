import type { JoinedEntries, LoggedEntry, LogStore, StoredLogPage } from '@manga-federation/core'
import type { StoreConnection } from './connection.ts'
import { endOfEntries, entryKey } from './entry-key.ts'
import { plainBytes } from './plain-bytes.ts'

/** Reads pages of logs from the table `entries`. */
export interface LogPages {
  /** The caller holds the transaction. */
  read(catalog: number, page: Parameters<LogStore['page']>[1]): Omit<StoredLogPage, 'head'>
}

type EntryRow = { header: Uint8Array; body: Uint8Array | null }

/** `lengths`: JSON, of each entry that of its header and of its body, or null. */
type JoinedRow = { headers: Uint8Array | null; bodies: Uint8Array | null; lengths: string }

export function logPages(connection: StoreConnection): LogPages {
  const pageOf = (columns: string): string =>
    `SELECT ${columns} FROM entries WHERE entry >= ? AND entry < ? AND header IS NOT NULL ORDER BY entry LIMIT ?`
  // Of a blob whose length alone is asked for, no more is read.
  const countBytes = connection.prepare<{ bytes: number }>(
    `SELECT total(bytes) AS bytes FROM (${pageOf('length(header) + ifnull(length(body), 0) AS bytes')})`,
  )
  const selectEntries = connection.prepare<EntryRow>(pageOf('header, body'))
  // A row for itself costs more than what stands in it. Nothing is converted: text is bytes to SQLite.
  const selectJoined = connection.prepare<JoinedRow>(
    `SELECT
       CAST(group_concat(CAST(header AS TEXT), ',') AS BLOB) AS headers,
       CAST(group_concat('"' || CAST(entry - ? AS INTEGER) || '":' || CAST(body AS TEXT), ',') AS BLOB) AS bodies,
       json_group_array(json_array(length(header), length(body))) AS lengths
     FROM (${pageOf('entry, header, body')})`,
  )

  return {
    read(catalog, { since, limit, maxBytes }) {
      const place = [entryKey(catalog, since), endOfEntries(catalog), limit]
      if (countBytes.get(...place)!.bytes > maxBytes) {
        return { entries: firstBytes(selectEntries.iterate(...place), maxBytes) }
      }
      const { headers, bodies, lengths } = selectJoined.get(entryKey(catalog, 0), ...place)!
      if (headers === null) return { entries: [] }
      const joined = { headers: plainBytes(headers), bodies: plainBytes(bodies ?? new Uint8Array()) }
      return { entries: cut(joined, since, JSON.parse(lengths) as Lengths), joined }
    },
  }
}

type Lengths = readonly (readonly [header: number, body: number | null])[]

/** The entries one by one: views. */
function cut({ headers, bodies }: JoinedEntries, since: number, lengths: Lengths): LoggedEntry[] {
  const entries: LoggedEntry[] = []
  let [header, body] = [0, 0]
  for (const [headerLength, bodyLength] of lengths) {
    const bytes = headers.subarray(header, header + headerLength)
    // A comma stands behind each.
    header += headerLength + 1
    if (bodyLength === null) {
      entries.push({ bytes, body: undefined })
      continue
    }
    // Its number in quotes and a colon stand before it.
    const start = body + String(since + entries.length).length + 3
    body = start + bodyLength + 1
    entries.push({ bytes, body: bodies.subarray(start, start + bodyLength) })
  }
  return entries
}

/** As many entries as `maxBytes` have room for, and at least one. The rows behind them are not read. */
function firstBytes(rows: Iterable<EntryRow>, maxBytes: number): LoggedEntry[] {
  const entries: LoggedEntry[] = []
  let bytes = 0
  for (const { header, body } of rows) {
    bytes += header.length + (body?.length ?? 0)
    if (bytes > maxBytes && entries.length > 0) break
    entries.push({ bytes: plainBytes(header), body: body === null ? undefined : plainBytes(body) })
  }
  return entries
}
