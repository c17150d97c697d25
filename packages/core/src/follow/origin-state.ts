import { HEAD_LIFETIME_MS } from '../log/index.ts'
import type { ForkEvidence, OriginRecord } from './origin-record.ts'

/** How what is held of a server's catalog relates to what that server has (PROTOCOL section 9). */
export type OriginState =
  /** All that its server signed last is held. */
  | 'fresh'
  /** All is held, and its server has not confirmed it for longer than it promised. */
  | 'stale'
  /** Its server shows less than it signed before, or another log than the one that is followed. */
  | 'behind'
  /** Something is missing that its server signed: it is on its way, or left out. */
  | 'incomplete'
  /** Its server signed two logs; it is followed no further until the operator's word. */
  | 'forked'

/** What is known of a server that is followed. */
export interface OriginStatus {
  readonly serverName: string
  readonly state: OriginState
  /** The state in words, and what to do where something is to be done. */
  readonly message: string
  /** By its log, or by its listings where it has none; undefined until it was reached for the first time. */
  readonly mode: 'log' | 'listing' | undefined
  /** Entries that are held. */
  readonly size: number
  /** Entries that its server signed; undefined until it showed a head, and without a log. */
  readonly headSize: number | undefined
  /** For how long entries of the newest known head have been missing here, in milliseconds; undefined before the first. */
  readonly lagMs: number | undefined
  /** When it was asked successfully the last time since this process began, POSIX milliseconds. */
  readonly lastCheckedTs: number | undefined
  /** What went wrong the last time, in words; undefined when nothing did. */
  readonly lastError: string | undefined
  /** Servers that are asked when it cannot be reached. */
  readonly mirrors: readonly string[]
  /** What shows that there are two logs. */
  readonly fork: ForkEvidence | undefined
}

/** What a status is made of besides the record. */
export interface StatusFacts {
  /** Entries that are held. */
  readonly size: number
  readonly nowTs: number
  readonly lastCheckedTs: number | undefined
  /** What went wrong the last time, as far as this process knows. */
  readonly lastError: string | undefined
}

/** A listing says nothing of how long it holds; it counts as long as a head does. */
const LISTING_LIFETIME_MS = HEAD_LIFETIME_MS

/** What the server showed last was less than, or another log than, what is known of it. */
const SHOWS_AN_OTHER_LOG: ReadonlySet<string> = new Set(['rollback', 'new_epoch'])

/** Tells how a followed server is doing. */
export function statusOf(record: OriginRecord, facts: StatusFacts): OriginStatus {
  const { serverName, mode, mirrors, fork, failure, refusal } = record
  const { size, nowTs, lastCheckedTs, lastError } = facts
  const last = record.heads.at(-1)
  return {
    serverName,
    ...stateOf(record, facts),
    mode,
    size,
    headSize: last?.size,
    lagMs: last && (size >= last.size ? 0 : Math.max(0, nowTs - record.heads[0]!.issuedTs)),
    lastCheckedTs,
    lastError: failure?.message ?? lastError ?? refusal?.message,
    mirrors,
    fork,
  }
}

function stateOf(
  record: OriginRecord,
  { size, nowTs, lastError }: StatusFacts,
): Pick<OriginStatus, 'state' | 'message'> {
  const { serverName, fork, restart, refusal } = record
  if (restart) {
    const message = `The new log of ${serverName} takes the place of what is held as soon as its first page is here.`
    return { state: 'incomplete', message }
  }
  if (fork) {
    const message =
      `${fork.message} What is held stays as it is, and nothing more is taken in. ` +
      `Ask the operator of ${serverName} what happened; to begin anew with the log that it shows now, ` +
      'follow it again with acceptNewLog.'
    return { state: 'forked', message }
  }
  if (refusal && SHOWS_AN_OTHER_LOG.has(refusal.reason)) {
    const message = `${refusal.message} What is held stays. To begin anew with the log that it shows now, follow it again with acceptNewLog.`
    return { state: 'behind', message }
  }
  return record.mode === 'listing' ? stateOfListing(record, nowTs) : stateOfLog(record, size, nowTs, lastError)
}

function stateOfLog(
  { serverName, heads, refusal, failure }: OriginRecord,
  size: number,
  nowTs: number,
  lastError: string | undefined,
): Pick<OriginStatus, 'state' | 'message'> {
  const last = heads.at(-1)
  if (!last || size < last.size) {
    const why = refusal?.message ?? failure?.message ?? lastError ?? 'The others are on their way.'
    const held = last ? `${size} of ${last.size} entries are held.` : 'Nothing is known of its log yet.'
    return { state: 'incomplete', message: `${held} ${why}` }
  }
  if (nowTs <= last.validUntilTs) return { state: 'fresh', message: `All ${size} entries are held.` }
  const message =
    `All ${size} entries that were known on ${dateOf(last.issuedTs)} are held; ` +
    `${serverName} has confirmed none since, though it should have by ${dateOf(last.validUntilTs)}.`
  return { state: 'stale', message }
}

function stateOfListing(
  { serverName, listedTs, failure }: OriginRecord,
  nowTs: number,
): Pick<OriginStatus, 'state' | 'message'> {
  if (listedTs === undefined) {
    const message = `Its listings were not gone through to their end yet. ${failure?.message ?? ''}`.trimEnd()
    return { state: 'incomplete', message }
  }
  if (nowTs <= listedTs + LISTING_LIFETIME_MS) return { state: 'fresh', message: 'All that it lists is held.' }
  return { state: 'stale', message: `${serverName} has not been read to its end since ${dateOf(listedTs)}.` }
}

/** As operators read it in logs. */
function dateOf(ts: number): string {
  return new Date(ts).toISOString().slice(0, 'YYYY-MM-DD'.length)
}
