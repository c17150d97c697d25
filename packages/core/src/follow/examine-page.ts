import { concatBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { isJsonObject } from '../json/index.ts'
import {
  type EntryHeader,
  type FollowedLog,
  type LogHead,
  type PageVerdict,
  type ReceivedPage,
  type VerifiedEntry,
  verifyPage,
} from '../log/index.ts'
import type { StoredObject, WithheldBody } from '../store/index.ts'
import { findHeadKeys, type HeadKeyOptions } from './head-keys.ts'
import { headsWithinReach } from './heads.ts'
import { type KeptObject, type ObjectFault, readObject, type SignedEntry } from './page-objects.ts'

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
export interface AcceptedEntry {
  readonly header: Pick<EntryHeader, 'seq' | 'op' | 'kind' | 'id' | 'revision'>
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
  readonly entries: readonly AcceptedEntry[]
  /** The objects that came with it, whose signatures were not checked. */
  readonly objects: readonly SignedEntry[]
}

/** A page that is not true. */
export type FalsePage = FalseLog | ({ readonly verified: false } & ObjectFault)

/** A page whose log is not true. */
export type FalseLog = Extract<PageVerdict<unknown>, { readonly verified: false }>

/** Verifies what a page shows by itself, without a look at the store: its log, and the form of what came with it. */
export async function examine(given: PageToExamine, options: ExamineOptions): Promise<TruePage | FalsePage> {
  const log = await examineLog(given, options)
  if (!log.verified) return log
  const { entries, withheld, ...summary } = log
  const objects: SignedEntry[] = []
  for (const { body } of entries) {
    if (!body) continue
    if ('reason' in body) return { verified: false, ...body }
    objects.push(body)
  }
  return {
    verified: true,
    summary: { head: summary.head, followed: summary.followed, withheld: withheld.map(withoutRest) },
    entries: entries.map(acceptedEntry),
    objects,
  }
}

/** What is kept of a body. */
type Kept = KeptObject | ObjectFault

async function examineLog(
  { page, held, isRelayed }: PageToExamine,
  options: ExamineOptions,
): Promise<PageVerdict<Kept>> {
  const received = isJsonObject(page.json) ? page.json.head : undefined
  const heads = isRelayed ? headsWithinReach(held.heads, received) : held.heads
  const { trust, missing } = await findHeadKeys(received, held.serverName, options)
  const arrivedTs = options.environment.now()
  const verdict = verifyPage<Kept>(page, { ...held, heads }, trust, (header, body) =>
    readObject(header, body, arrivedTs),
  )
  if (verdict.verified || verdict.reason !== 'unsigned_head' || missing === undefined) return verdict
  return { ...verdict, message: `The head of ${held.serverName} cannot be verified: ${missing}.` }
}

function withoutRest({ kind, id, seq }: EntryHeader): WithheldBody {
  return { kind, id, seq }
}

function acceptedEntry({ header, bytes, completed, body }: VerifiedEntry<Kept>): AcceptedEntry {
  const { seq, op, kind, id, revision } = header
  const object = body && 'stored' in body ? body.stored : undefined
  return { header: { seq, op, kind, id, revision }, bytes, nodes: concatBytes(completed), object }
}
