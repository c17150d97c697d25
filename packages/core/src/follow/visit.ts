import { shuffled } from '../shuffled.ts'
import type { HttpClient } from '../egress/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { Environment } from '../environment.ts'
import type { Logger } from '../logger.ts'
import type { PageApplier } from './apply-page.ts'
import { contact, type ContactOptions } from './contact.ts'
import type { ListingPuller } from './listing-pull.ts'
import type { ListingReport } from './listing-report.ts'
import { type LogSource, ownLogSource, relayedLogSource } from './log-source.ts'
import type { OriginRecord } from './origin-record.ts'
import type { OriginChanges, OriginRecords } from './origin-records.ts'
import { pullLog, type PullOutcome } from './pull.ts'

/** How often it is looked whether a server offers something else than before. */
const CONTACT_EVERY_MS = 24 * 60 * 60 * 1000

/** Mirrors that are tried in one visit when their server cannot be reached. */
const MAX_MIRRORS_A_VISIT = 3

/** `listedTs` is exact to this: a listing that never changes makes nothing be written more often. */
const LISTED_EVERY_MS = 60 * 60 * 1000

/** Something about a server that is followed, for those whom it concerns. None of these may reject or take long. */
export interface FollowNotices {
  /** Something new of its catalog, or its head, is held. */
  applied(serverName: string): void
  /** It was reached for the first time since the start, and offers to push. */
  announce(serverName: string): void
  /** It is not followed any more. */
  withdrawn(serverName: string): void
}

/** What is known of a followed server beside its record, as long as the process lives. */
export interface VisitMemory {
  /** Of the head that was reached. */
  etag: string | undefined
  /** When it was asked what it offers. */
  contactedTs: number | undefined
  /** When it was asked successfully. */
  lastCheckedTs: number | undefined
  /** What went wrong the last time: also where it cannot be stored, as on a disk that is full. */
  lastError: string | undefined
  /** The operator's word, for one pass over its listings, that what is not listed is gone. */
  confirmRemoval: boolean
}

/** What visits are made with. */
export interface VisitOptions extends ContactOptions {
  readonly client: HttpClient
  readonly records: OriginRecords
  readonly listings: ListingPuller
  readonly notices: FollowNotices
  /** From 0 to below 1: `Math.random`. */
  readonly random: () => number
  readonly environment: Environment
  readonly logger: Logger
}

/** Whom to visit, and how. */
export interface VisitRequest {
  readonly origin: string
  readonly memory: VisitMemory
  readonly applier: PageApplier
  /** Stores a part of what listings changed; false when it was overtaken. */
  readonly commitListing: (changes: OriginChanges) => Promise<boolean>
  /** Ends the visit soon, with nothing half done. */
  readonly signal: AbortSignal
}

/** What came of a visit. */
export type VisitOutcome =
  /** All is held. `minDelayMs`: not again before that. */
  | { readonly outcome: 'level'; readonly minDelayMs: number }
  /** There is more to be had at once. */
  | { readonly outcome: 'more' }
  | { readonly outcome: 'failed' }
  /** It is not to be visited any more. */
  | { readonly outcome: 'over' }

/** What was asked of a server, or of one of its mirrors. */
interface Visited extends VisitRequest {
  readonly options: VisitOptions
}

/** Looks what a followed server has, and takes in what is missing. Rejects for nothing that the server does. */
export async function visit(request: VisitRequest, options: VisitOptions): Promise<VisitOutcome> {
  const visited = { ...request, options }
  const { origin, signal } = request
  try {
    const record = await options.records.get(origin)
    if (!record || isLeftAlone(record)) return { outcome: 'over' }
    const outcome = await visitOrigin(visited)
    request.memory.lastError = undefined
    return outcome
  } catch (error) {
    if (signal.aborted || (error instanceof FederationError && error.code === 'closed')) return { outcome: 'over' }
    return afterFailure(visited, error)
  }
}

/** Whether a server is followed no further until its operator's word. */
export function isLeftAlone({ fork, restart }: OriginRecord): boolean {
  return fork !== undefined && !restart
}

async function visitOrigin(visited: Visited): Promise<VisitOutcome> {
  const { origin, options } = visited
  const record = await contactWhenDue(visited)
  if (!record) return { outcome: 'over' }
  if (record.mode === 'listing') return visitListings(visited)
  // To begin anew, the head is needed even if it is the one that is known.
  if (record.restart) visited.memory.etag = undefined
  const pulled = await pullFrom(ownLogSource(origin, options.client), visited, record)
  await options.records.change(origin, pulled.outcome === 'level' ? withoutTrouble : withoutFailure)
  return pulled
}

async function contactWhenDue({ origin, memory, options }: Visited): Promise<OriginRecord | undefined> {
  const nowTs = options.environment.now()
  if (nowTs - (memory.contactedTs ?? -Infinity) < CONTACT_EVERY_MS) return options.records.get(origin)
  const record = await contact(origin, options)
  const isFirst = memory.contactedTs === undefined
  memory.contactedTs = nowTs
  if (isFirst && record?.features.includes('push')) options.notices.announce(origin)
  return record
}

async function pullFrom(source: LogSource, visited: Visited, { heads }: OriginRecord): Promise<VisitOutcome> {
  const { origin, memory, applier, signal, options } = visited
  // A relay's tag is not that of the server itself.
  const etag = source.relay === undefined ? memory.etag : undefined
  const { environment } = options
  const knownSize = Math.max(0, ...heads.map(({ size }) => size))
  const pulled = await pullLog({ serverName: origin, source, etag, knownSize, applier, environment, signal })
  if (pulled.outcome === 'level' && source.relay === undefined) {
    memory.etag = pulled.etag
    memory.lastCheckedTs = environment.now()
  }
  return outcomeOf(pulled)
}

function outcomeOf({ outcome }: PullOutcome): VisitOutcome {
  if (outcome === 'level') return { outcome, minDelayMs: 0 }
  if (outcome === 'more') return { outcome }
  return { outcome: outcome === 'refused' ? 'failed' : 'over' }
}

async function visitListings(visited: Visited): Promise<VisitOutcome> {
  const { origin, memory, commitListing, signal, options } = visited
  const { confirmRemoval } = memory
  memory.confirmRemoval = false
  const report = await options.listings.pull(origin, { commit: commitListing, confirmRemoval, signal })
  if (signal.aborted) return { outcome: 'over' }
  if (report.outcome === 'failed') {
    throw new FederationError('bad_response', report.message ?? `The listings of ${origin} could not be read.`)
  }
  const nowTs = options.environment.now()
  memory.lastCheckedTs = nowTs
  await options.records.change(origin, (record) => afterListing(record, report, nowTs))
  return { outcome: 'level', minDelayMs: report.nextDelayMs }
}

function afterListing(record: OriginRecord, { outcome, message }: ListingReport, nowTs: number): OriginRecord {
  const isKnown = record.refusal?.message === message
  const refusal = message === undefined || isKnown ? record.refusal : { reason: outcome, message, sinceTs: nowTs }
  const isRecent = nowTs - (record.listedTs ?? -Infinity) < LISTED_EVERY_MS
  if (isRecent && isKnown && !record.failure) return record
  return {
    ...record,
    failure: undefined,
    refusal: message === undefined ? undefined : refusal,
    listedTs: isRecent ? record.listedTs : nowTs,
  }
}

/** Remembers why a server could not be asked, and asks those that mirror it. */
async function afterFailure(visited: Visited, error: unknown): Promise<VisitOutcome> {
  const { origin, options } = visited
  const { records, environment, logger } = options
  const message = reasonOf(error)
  visited.memory.lastError = message
  try {
    const record = await records.change(origin, (newest) => withFailure(newest, message, environment.now()))
    if (!record) return { outcome: 'over' }
    if (record.failure?.inARow === 1)
      logger.warn({ serverName: origin }, `${origin} cannot be followed now. ${message}`)
    const isUnreachable = error instanceof FederationError && error.status === 502
    return isUnreachable && canBeRelayed(record) ? await visitMirrors(visited, record) : { outcome: 'failed' }
  } catch (thrown) {
    logger.error({ serverName: origin }, `${origin} cannot be followed now. ${message} ${reasonOf(thrown)}`)
    return { outcome: 'failed' }
  }
}

/** Mirrors have logs only; which log is the new one that the operator accepted, its own server alone can show. */
function canBeRelayed({ mode, restart }: OriginRecord): boolean {
  return mode !== 'listing' && !restart
}

async function visitMirrors(visited: Visited, record: OriginRecord): Promise<VisitOutcome> {
  const { origin, signal, options } = visited
  for (const relay of shuffled(record.mirrors, options.random).slice(0, MAX_MIRRORS_A_VISIT)) {
    if (signal.aborted) return { outcome: 'over' }
    try {
      const pulled = await pullFrom(relayedLogSource(origin, relay, options.client), visited, record)
      // That a mirror has no more does not mean that the server was reached.
      if (pulled.outcome !== 'failed') return pulled.outcome === 'level' ? { outcome: 'failed' } : pulled
    } catch (error) {
      options.logger.debug({ serverName: origin, relay }, `${relay} has nothing of ${origin}. ${reasonOf(error)}`)
    }
  }
  return { outcome: 'failed' }
}

function withFailure(record: OriginRecord, message: string, nowTs: number): OriginRecord {
  const { sinceTs = nowTs, inARow = 0 } = record.failure ?? {}
  return { ...record, failure: { message, sinceTs, inARow: inARow + 1 } }
}

function withoutFailure(record: OriginRecord): OriginRecord {
  return record.failure ? { ...record, failure: undefined } : record
}

/** What it shows is what is held: whatever was refused before is no part of it. */
function withoutTrouble(record: OriginRecord): OriginRecord {
  return record.failure || record.refusal ? { ...record, failure: undefined, refusal: undefined } : record
}
