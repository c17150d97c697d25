import { FederationError, type LogStore } from '@manga-federation/core'
import { catalogOf } from './catalog-of.ts'
import type { Database } from './database.ts'
import { kindOf } from './kinds.ts'

/** The most entries of one page. */
const MAX_PAGE_ENTRIES = 256

/** The length of SHA-256. */
const HASH_BYTES = 32

/** The head comes with the first row only; a log without entries behind `since` has one row without an entry. */
interface PageRow {
  readonly head: Uint8Array | null
  readonly header: Uint8Array | null
  readonly body: Uint8Array | null
}

/** The logs, in the tables `catalogs`, `entries` and `withheld`. */
export function logTable(database: Database): LogStore {
  const { schema } = database
  const selectHead = `SELECT head FROM ${schema}.catalogs WHERE origin = $1`
  const updateHead = `UPDATE ${schema}.catalogs SET head = $3 WHERE origin = $1 AND size = $2 RETURNING 1`
  // One statement sees one moment. The server adds up the bytes, so that no body is sent in vain. The constant limit is
  // there for the same reason as in `listing`.
  const selectPage = `
    SELECT CASE WHEN coalesce(page.seq, $2) = $2 THEN known.head END AS head, page.header, page.body
    FROM ${schema}.catalogs AS known LEFT JOIN LATERAL (
      SELECT seq, header, body,
        sum(octet_length(header) + coalesce(octet_length(body), 0)) OVER (ORDER BY seq) AS bytes
      FROM (
        SELECT * FROM (
          SELECT seq, header, body FROM ${schema}.entries
          WHERE catalog = known.catalog AND seq >= $2 AND header IS NOT NULL ORDER BY seq LIMIT ${MAX_PAGE_ENTRIES}
        ) AS next_entries ORDER BY seq LIMIT $3
      ) AS candidates
    ) AS page ON page.bytes <= $4 OR page.seq = $2
    WHERE known.origin = $1 ORDER BY page.seq`
  const selectNodes = `
    SELECT substring(held.nodes FROM asked.level * ${HASH_BYTES} + 1 FOR ${HASH_BYTES}) AS hash
    FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS asked (seq, level, place)
    LEFT JOIN ${schema}.entries AS held ON held.catalog = ${catalogOf(schema)} AND held.seq = asked.seq
    ORDER BY asked.place`
  const selectWithheld = `
    SELECT kind, id, seq FROM ${schema}.withheld WHERE catalog = ${catalogOf(schema)} ORDER BY seq LIMIT $2`

  return {
    async head(origin) {
      return (await database.first<{ head: Uint8Array | null }>(selectHead, origin))?.head ?? undefined
    },

    async replaceHead(origin, size, head) {
      return (await database.all(updateHead, origin, size, head)).length === 1
    },

    async page(origin, { since, limit, maxBytes }) {
      const rows = await database.all<PageRow>(selectPage, origin, since, limit, maxBytes)
      return {
        head: rows[0]?.head ?? undefined,
        entries: rows.flatMap(({ header, body }) => (header ? [{ bytes: header, body: body ?? undefined }] : [])),
      }
    },

    async nodes(origin, positions) {
      const lastEntries = positions.map(({ level, index }) => (index + 1) * 2 ** level - 1)
      // No log is so long, and PostgreSQL's numbers end before JavaScript's.
      const seqs = lastEntries.map((seq) => (Number.isSafeInteger(seq) ? seq : -1))
      const levels = positions.map(({ level }) => level)
      const rows = await database.all<{ hash: Uint8Array | null }>(selectNodes, origin, seqs, levels)
      return positions.map(({ level, index }, place) => {
        const hash = rows[place]?.hash
        if (hash?.length === HASH_BYTES) return hash
        throw new FederationError('store_damaged', `The log of ${origin} lacks node ${index} of level ${level}.`)
      })
    },

    async withheld(origin, limit) {
      const rows = await database.all<{ kind: number; id: string; seq: number }>(selectWithheld, origin, limit)
      return rows.map(({ kind, id, seq }) => ({ kind: kindOf(kind), id, seq }))
    },
  }
}
