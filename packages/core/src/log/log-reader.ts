import { concatBytes } from '../bytes.ts'
import { FederationError } from '../errors.ts'
import { canonicalText, encodeBase64, parseStrict } from '../json/index.ts'
import type { JoinedEntries, LoggedEntry, LogStore } from '../store/index.ts'
import { type LogHead, MAX_HEAD_BYTES, readHead } from './head.ts'
import { proveConsistency } from './make-proofs.ts'
import { MAX_PAGE_ENTRIES } from './page.ts'
import { MAX_PROOF_HASHES } from './verify-proofs.ts'

/** What stands around the entries and bodies of a page, at most: names, numbers, commas and hashes in base64. */
const MAX_FRAME_BYTES = MAX_HEAD_BYTES + MAX_PROOF_HASHES * 48 + MAX_PAGE_ENTRIES * 24 + 1024

const encoder = new TextEncoder()
const COMMA = encoder.encode(',')

/** Entries that follow each other, and what proves that they belong to a head. */
export interface LogPage {
  /** The first entry's number. */
  readonly start: number
  readonly entries: readonly LoggedEntry[]
  readonly head: LogHead
  /** From the page's end to the head (RFC 9162 section 2.1.4). */
  readonly proof: readonly Uint8Array[]
  /** Entries and bodies as they are served, where the store joined them. */
  readonly joined?: JoinedEntries | undefined
}

/** Which page to read. */
export interface LogPageRequest {
  /** The first entry's number, from 0 on. */
  readonly since: number
  /** At most this many entries, 1 to 256. */
  readonly limit: number
  /** The longest page in bytes, as it is encoded; but one entry is returned however large it is. */
  readonly maxBytes: number
}

/** Reads logs, the own one and mirrored ones. */
export interface LogReader {
  /** The newest head all of whose entries are held; undefined when nothing is known of that log. */
  head(origin: string): Promise<LogHead | undefined>
  /** @throws FederationError `not_mirrored`, `future_cursor`. */
  page(origin: string, page: LogPageRequest): Promise<LogPage>
}

/** Builds the reader over a store. */
export function createLogReader(store: LogStore): LogReader {
  return {
    async head(origin) {
      const bytes = await store.head(origin)
      return bytes && readHead(parseStrict(bytes))
    },
    async page(origin, { since, limit, maxBytes }) {
      const stored = await store.page(origin, { since, limit, maxBytes: maxBytes - MAX_FRAME_BYTES })
      if (!stored.head) throw notMirrored(origin)
      const head = readHead(parseStrict(stored.head))
      if (since > head.size) throw futureCursor(since, head.size)
      // A mirror that catches up holds entries beyond the head that it can show.
      const shown = stored.entries.slice(0, head.size - since)
      return {
        start: since,
        entries: shown,
        head,
        // Nodes never change, so these are those of the moment in which the page was read.
        proof: await proveConsistency(since + shown.length, head.size, (positions) => store.nodes(origin, positions)),
        joined: shown.length === stored.entries.length ? stored.joined : undefined,
      }
    },
  }
}

/** That this server has no log of another one. */
export function notMirrored(origin: string): FederationError {
  return new FederationError('not_mirrored', `This server has no log of ${origin}.`)
}

function futureCursor(since: number, size: number): FederationError {
  return new FederationError('future_cursor', `The log has ${size} entries, so none can follow the first ${since}.`)
}

/**
 * The page as it is served, put together from stored bytes.
 *
 * @param origin - the log's server, in a page that is pushed (PROTOCOL section 10).
 */
export function encodeLogPage(page: LogPage, origin?: string): Uint8Array {
  return concatBytes(logPagePieces(page, origin))
}

/** The same in pieces, one behind the other: a few where the store joined the entries, some for each entry otherwise. */
export function logPagePieces({ start, entries, head, proof, joined }: LogPage, origin?: string): Uint8Array[] {
  const named = origin === undefined ? '' : `"origin":${canonicalText(origin)},`
  const hashes = proof.map((hash) => `"${encodeBase64(hash)}"`)
  return [
    encoder.encode(`{${named}"start":${start},"entries":[`),
    ...(joined ? [joined.headers] : entries.flatMap(({ bytes }) => [COMMA, bytes]).slice(1)),
    encoder.encode(`],"bodies":{`),
    ...(joined ? [joined.bodies] : bodyMembers(start, entries)),
    encoder.encode(`},"head":${canonicalText(head.json)},"proof":[${hashes.join(',')}]}`),
  ]
}

function bodyMembers(start: number, entries: readonly LoggedEntry[]): Uint8Array[] {
  return entries
    .flatMap(({ body }, index) => (body ? [COMMA, encoder.encode(`"${start + index}":`), body] : []))
    .slice(1)
}
