import { concatBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { isJsonObject } from '../json/index.ts'
import {
  type EntryHeader,
  type FollowedLog,
  type LogHead,
  type PageEntry,
  type PageVerdict,
  type ReceivedPage,
  verifyPage,
} from '../log/index.ts'
import type { StoredObject, WithheldBody } from '../store/index.ts'
import { findHeadKeys, type HeadKeyOptions } from './head-keys.ts'
import { headsWithinReach } from './heads.ts'
import { type ObjectFault, readObject, type SignedEntry } from './page-objects.ts'

/** A page, and what it is compared with. */
export interface PageToExamine {
  readonly page: ReceivedPage
  readonly held: FollowedLog
  /** Whether another server than the log's own handed it on. */
  readonly isRelayed: boolean
}

/** What pages are examined with. */
export interface ExamineOptions extends HeadKeyOptions {
  readonly environment: Pick<Environment, 'now'>
}

/** What a page makes of the log as a whole. */
export interface PageSummary {
  readonly head: LogHead
  /** What the follower remembers from now on. */
  readonly followed: FollowedLog
  /** Bodies that were left out, and that a later page must make up for. */
  readonly withheld: readonly WithheldBody[]
}

/** An entry of which everything is true, as it is stored. */
export interface AcceptedEntry extends Pick<EntryHeader, 'seq' | 'op' | 'kind' | 'id' | 'revision'> {
  /** The header, canonical. */
  readonly bytes: Uint8Array
  /** The hashes of the subtrees that it completes, one behind the other. */
  readonly nodes: Uint8Array
  /** Undefined when the object was deleted, or the body left out. */
  readonly object: StoredObject | undefined
}

/** A page that shows by itself that it is true, as far as the signatures of its objects are. */
export interface TruePage {
  readonly verified: true
  readonly summary: PageSummary
}

/** A page that is not true. */
export type FalsePage = FalseLog | ({ readonly verified: false } & ObjectFault)

/** A page whose log is not true. */
export type FalseLog = Extract<PageVerdict, { readonly verified: false }>

/**
 * Is given entry after entry of a page, which all count for nothing until the page is seen to be true.
 *
 * @param signed - what the signatures of its object are checked with, which nobody did yet. Undefined when it has none.
 */
export type TakeEntry = (entry: AcceptedEntry, signed: SignedEntry | undefined) => void

/** Verifies what a page shows by itself, without a look at the store: its log, and the form of what came with it. */
export async function examine(
  { page, held, isRelayed }: PageToExamine,
  options: ExamineOptions,
  take: TakeEntry,
): Promise<TruePage | FalsePage> {
  const received = isJsonObject(page.json) ? page.json.head : undefined
  const heads = isRelayed ? headsWithinReach(held.heads, received) : held.heads
  const { trust, missing } = await findHeadKeys(received, held.serverName, options)
  const arrivedTs = options.environment.now()
  let malformed: ObjectFault | undefined
  const log = verifyPage(page, { ...held, heads }, trust, (entry) => {
    const object = entry.body && readObject(entry.header, entry.body, arrivedTs)
    if (object && 'reason' in object) malformed ??= object
    else if (!malformed) take(acceptedEntry(entry, object?.stored), object)
  })
  if (!log.verified) return missing === undefined ? log : withoutKey(log, held.serverName, missing)
  if (malformed) return { verified: false, ...malformed }
  const { head, followed, withheld } = log
  return { verified: true, summary: { head, followed, withheld: withheld.map(withoutRest) } }
}

function withoutKey(log: FalseLog, serverName: string, missing: string): FalseLog {
  if (log.reason !== 'unsigned_head') return log
  return { ...log, message: `The head of ${serverName} cannot be verified: ${missing}.` }
}

function withoutRest({ kind, id, seq }: EntryHeader): WithheldBody {
  return { kind, id, seq }
}

function acceptedEntry({ header, bytes, completed }: PageEntry, object: StoredObject | undefined): AcceptedEntry {
  const { seq, op, kind, id, revision } = header
  return { seq, op, kind, id, revision, bytes, nodes: concatBytes(completed), object }
}
