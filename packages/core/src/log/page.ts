import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { HeadRefusalReason, LogHead } from './head.ts'
import { hashOf } from './hash-text.ts'
import type { ReceivedBodies, ReceivedPage } from './received-page.ts'
import { isSize } from './subtrees.ts'
import { MAX_PROOF_HASHES } from './verify-proofs.ts'

/** The most entries that a page has (PROTOCOL section 9). */
export const MAX_PAGE_ENTRIES = 256

/** Why a page is not accepted. */
export type PageRefusalReason =
  /** It does not have the form of a page, or too many entries. */
  | 'bad_page'
  /** It does not begin where the follower stands. */
  | 'wrong_start'
  /** Its head is refused, or one of its entries is of another server's log. */
  | HeadRefusalReason
  /** Its head is of a later epoch: a new log, which is followed only when the operator says so. */
  | 'new_epoch'
  /** Its head is smaller, or of an earlier epoch, than one seen before: an old copy, or a backup that was restored. */
  | 'rollback'
  /** Its head says that there are entries from here on, and it has none. */
  | 'entries_missing'
  /** It has entries that its head does not cover. */
  | 'beyond_head'
  /** A header is not one. */
  | 'bad_header'
  /** An entry is missing, doubled or out of order. */
  | 'wrong_sequence'
  /**
   * Its entries do not lead to its head. From a relay, it may have been altered on its way; from the log's own server,
   * this is a fork too (PROTOCOL section 9).
   */
  | 'bad_proof'
  /** Its head and one seen before, both signed, contradict each other: proof that there are two logs. */
  | 'fork'
  /** The body of an object that is still current was left out. */
  | 'body_missing'
  /** A body is not the one that its header names. */
  | 'body_mismatch'

/** Why a page is refused, and what shows it. */
export interface PageFault {
  readonly reason: PageRefusalReason
  /** The reason in words, for the operator. */
  readonly message: string
  /** With `fork`: the head seen before that the page's head contradicts. */
  readonly contradicted?: LogHead
}

/** A page whose form was checked, and nothing else. */
export interface Page {
  readonly start: number
  readonly entries: readonly JsonValue[]
  readonly headerBytes: ReceivedPage['headerBytes']
  readonly bodies: ReceivedBodies
  readonly head: JsonValue | undefined
  readonly proof: readonly Uint8Array[]
}

/** Checks the form of a page, pulled or pushed (PROTOCOL sections 9 and 10). */
export function readPage({ json, headerBytes, bodies }: ReceivedPage): Page | PageFault {
  if (!isJsonObject(json)) return badPage('it must be an object')
  const { start, entries, head } = json
  if (typeof start !== 'number' || !isSize(start)) return badPage('start must be a whole number from 0 on')
  if (!Array.isArray(entries)) return badPage('entries must be a list')
  if (entries.length > MAX_PAGE_ENTRIES) {
    return badPage(`it has ${entries.length} entries, ${MAX_PAGE_ENTRIES} at most are allowed`)
  }
  if (!bodies) return badPage('bodies must be an object')
  const proof = readProof(json.proof)
  if (proof === undefined) {
    return fault('bad_proof', `The proof must be a list of ${MAX_PROOF_HASHES} hashes at most, in base64.`)
  }
  return { start, entries, headerBytes, bodies, head, proof }
}

/** A finding that a page is refused for. */
export function fault(reason: PageRefusalReason, message: string): PageFault {
  return { reason, message }
}

function readProof(value: JsonValue | undefined): Uint8Array[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_PROOF_HASHES) return undefined
  const hashes = value.map(hashOf)
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined
}

function badPage(reason: string): PageFault {
  return fault('bad_page', `The page has the wrong form: ${reason}.`)
}
