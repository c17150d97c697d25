import { FederationError, reasonOf } from '../errors.ts'
import type { ReceivedObject } from '../follow/received-object.ts'
import type { KeyEvidence } from '../keys/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Verdict, Verifier } from '../verify/index.ts'
import type { Heads, ShownHead } from './heads.ts'
import { isFiltered, type Ledger, MAX_LEDGER_ENTRIES } from './ledger.ts'
import { askListing, type ListedObjects, type Listing } from './listing.ts'
import { namesOf, type ObjectName, type ServerProblem } from './problem.ts'

/** Whether anything can be missing in what is shown. */
export type Completeness =
  /** It is from the primary, whose listing is the catalog (PROTOCOL section 6.2). */
  | 'primary'
  /** It was held against the log: what is missing is named in the problems. */
  | 'checked'
  /** A load balancer may have left something out. */
  | 'unchecked'

/** What one server answered, as far as it is authentic, and what is wrong with it. */
export interface ServerAnswer {
  readonly serverName: string
  readonly objects: readonly ReceivedObject[]
  /** The last id that it reaches; undefined at the listing's end. */
  readonly untilId: string | undefined
  readonly shown: ShownHead
  readonly completeness: Completeness
  readonly evidence: readonly KeyEvidence[]
  readonly problems: readonly ServerProblem[]
}

/** What asking works with. */
export interface AnswerOptions {
  /** Whose catalog it is. */
  readonly serverName: string
  readonly client: HttpClient
  readonly verifier: Pick<Verifier, 'verifyAll'>
  readonly heads: Heads
  readonly ledger: Ledger
  /** Logs with more entries are read only when the app says so. */
  readonly maxLogEntries: number
}

/** Objects of an answer whose signatures were checked. */
interface Verified {
  /** Those that are not authentic stand among the broken ones. */
  readonly listed: ListedObjects
  readonly evidence: readonly KeyEvidence[]
  readonly problems: readonly ServerProblem[]
}

/**
 * Asks one server, verifies each object, and holds what a load balancer lists against the log.
 *
 * @throws FederationError what {@link askListing} throws; `unreachable` or `key_conflict` when nobody, whoever serves
 *   the objects, can tell whether they are authentic.
 */
export async function answerOf(askedName: string, listing: Listing, options: AnswerOptions): Promise<ServerAnswer> {
  const isPrimary = askedName === options.serverName
  const [shown, verified] = await Promise.all([
    options.heads.of(askedName),
    askVerified(askedName, listing, false, options),
  ])
  if (isPrimary) return answerWith(askedName, verified, shown, 'primary', [])
  const audit = await auditOf(askedName, listing, verified, shown, options)
  const isChecked = audit.isHeldAgainstLog && !isFiltered(listing)
  return answerWith(askedName, audit.verified, audit.shown, isChecked ? 'checked' : 'unchecked', audit.problems)
}

function answerWith(
  serverName: string,
  { listed, evidence, problems }: Verified,
  shown: ShownHead,
  completeness: Completeness,
  contradictions: readonly ServerProblem[],
): ServerAnswer {
  return {
    serverName,
    objects: listed.objects,
    untilId: listed.untilId,
    shown,
    completeness,
    evidence,
    problems: [...problems, ...shown.problems, ...contradictions],
  }
}

async function askVerified(
  askedName: string,
  listing: Listing,
  pastCaches: boolean,
  { client, serverName, verifier }: AnswerOptions,
): Promise<Verified> {
  const listed = await askListing(listing, { client, askedName, serverName, pastCaches })
  const verdicts = await verifier.verifyAll(listed.objects)
  const refused = listed.objects.flatMap((object, index) => refusalOf(object, verdicts[index]!, serverName))
  requireSomebodyToAsk(listed, refused)
  const refusedIds = new Set(refused.map(({ object }) => object.id))
  const told = verdicts.flatMap(({ evidence, origin }) => [...evidence, ...(origin?.evidence ?? [])])
  return {
    listed: {
      objects: listed.objects.filter(({ id }) => !refusedIds.has(id)),
      broken: [...listed.broken, ...refused.map(({ object: { id }, message }) => ({ id, message }))],
      untilId: listed.untilId,
    },
    evidence: [...new Map(told.map((one) => [`${one.serverName}#${one.keyId}`, one])).values()],
    problems: [...problemsOfRefused(askedName, refused), ...problemsOfBroken(askedName, listing, listed)],
  }
}

/** What the reasons of verdicts say about the server that gave the object; all others show that it was altered. */
const REASON_OF = { bad_origin: 'unverifiable', unreachable: 'unknown_key', key_conflict: 'key_conflict' } as const

const REFUSAL_WORDS = {
  altered: 'gave what its server did not sign:',
  unknown_key: 'gave what is signed with a key that nobody vouches for:',
  key_conflict: 'gave what is signed with a disputed key:',
  unverifiable: 'passes on of a third server what cannot be verified:',
} as const

/** An object that is not shown, and why. */
interface Refusal {
  readonly object: ReceivedObject
  readonly reason: keyof typeof REFUSAL_WORDS
  readonly message: string
  readonly verdict: Verdict
}

function refusalOf(object: ReceivedObject, verdict: Verdict, serverName: string): Refusal[] {
  const { authentic, reason, message } = verdict
  if (!authentic) {
    return [
      {
        object,
        reason: reason in REASON_OF ? REASON_OF[reason as keyof typeof REASON_OF] : 'altered',
        message,
        verdict,
      },
    ]
  }
  if (verdict.serverName === serverName) return []
  return [{ object, reason: 'altered', message: `It is of ${verdict.serverName}.`, verdict }]
}

/** That nothing at all can be verified is told as what it is. */
function requireSomebodyToAsk({ objects }: ListedObjects, refused: readonly Refusal[]): void {
  const [first] = refused
  if (!first || refused.length < objects.length) return
  const { reason, message } = first.verdict
  if (reason === 'unreachable' || reason === 'key_conflict') throw new FederationError(reason, message)
}

function problemsOfRefused(askedName: string, refused: readonly Refusal[]): ServerProblem[] {
  const reasons = new Set(refused.map(({ reason }) => reason))
  return Array.from(reasons, (reason) => {
    const ones = refused.filter((refusal) => refusal.reason === reason)
    const objects = ones.map(({ object: { kind, id } }) => ({ kind, id }))
    const message = `${askedName} ${REFUSAL_WORDS[reason]} ${namesOf(objects)}. ${ones[0]!.message}`
    return { serverName: askedName, reason, message, objects }
  })
}

function problemsOfBroken(askedName: string, { kind }: Listing, { broken }: ListedObjects): ServerProblem[] {
  const [first] = broken
  if (!first) return []
  const objects = broken.flatMap(({ id }) => (id === undefined ? [] : [{ kind, id }]))
  const named = objects.length > 0 ? `: ${namesOf(objects)}` : ''
  const message = `${askedName} gave ${broken.length} that are no objects of a catalog${named}. ${first.message}`
  return [{ serverName: askedName, reason: 'altered', message, objects }]
}

/** What came of holding an answer against the log. */
interface Audit {
  readonly verified: Verified
  readonly shown: ShownHead
  /** False where no log can be read. */
  readonly isHeldAgainstLog: boolean
  readonly problems: readonly ServerProblem[]
}

async function auditOf(
  askedName: string,
  listing: Listing,
  verified: Verified,
  shown: ShownHead,
  options: AnswerOptions,
): Promise<Audit> {
  const { heads, ledger } = options
  const fault = await readLog(askedName, shown, options)
  const isHeldAgainstLog = !fault && ledger.isComplete
  const first = { verified, shown, isHeldAgainstLog, problems: fault ? [fault] : [] }
  if (!isHeldAgainstLog || ledger.contradictionsOf(listing, verified.listed).length === 0) return first
  // Something may have changed between the two answers, or a cache on the way holds an older one.
  const [newest, again] = await Promise.all([heads.renew(askedName), askVerified(askedName, listing, true, options)])
  const newFault = await readLog(askedName, newest, options)
  const contradictions = ledger.contradictionsOf(listing, again.listed)
  return {
    verified: again,
    shown: newest,
    isHeldAgainstLog: !newFault && ledger.isComplete,
    problems: [
      ...(newFault ? [newFault] : []),
      ...contradictions.map(({ reason, objects }) => contradictionWords(askedName, reason, objects)),
    ],
  }
}

/** Reads on in the log, up to what the server shows of it. */
async function readLog(
  askedName: string,
  { head }: ShownHead,
  { heads, ledger, maxLogEntries }: AnswerOptions,
): Promise<ServerProblem | undefined> {
  const maxEntries = ledger.size === 0 ? maxLogEntries : MAX_LEDGER_ENTRIES
  if (!head || ledger.covers(head) || head.size > maxEntries) return undefined
  try {
    await ledger.readFrom(heads.sourceAt(askedName), maxEntries)
    return undefined
  } catch (error) {
    const message = `The log at ${askedName} is refused. ${reasonOf(error)}`
    return { serverName: askedName, reason: 'refused', message, objects: [] }
  }
}

const CONTRADICTION_WORDS = {
  omitted: 'leaves out',
  old: 'gave an old version of',
  withdrawn: 'gave what the log does not have (any more):',
} as const

function contradictionWords(
  serverName: string,
  reason: keyof typeof CONTRADICTION_WORDS,
  objects: readonly ObjectName[],
): ServerProblem {
  return { serverName, reason, message: `${serverName} ${CONTRADICTION_WORDS[reason]} ${namesOf(objects)}.`, objects }
}
