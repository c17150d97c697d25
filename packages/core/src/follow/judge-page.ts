import type { Environment } from '../environment.ts'
import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { KeyFinder } from '../keys/index.ts'
import { type LocatedPage, type LogHead, type PageRefusalReason, type PageVerdict, verifyPage } from '../log/index.ts'
import type { Verifier } from '../verify/index.ts'
import { contradictsHeld, evidenceOfFork, restoredBackup } from './fork.ts'
import { findHeadKeys } from './head-keys.ts'
import { headsWithinReach } from './heads.ts'
import type { ForkEvidence } from './origin-record.ts'
import {
  entriesWithBodies,
  faultOfRevisions,
  faultOfSignatures,
  objectKey,
  type ObjectFault,
  type ObjectFaultReason,
  type PageObjects,
  readObjects,
} from './page-objects.ts'
import { nodesOf, type Standing, type StandingOptions } from './standing.ts'

/** Why a page is refused. */
export type RefusalReason = PageRefusalReason | ObjectFaultReason

/** How a page or a head came here. */
export interface PageSource {
  readonly way: 'pull' | 'push'
  /** The server that handed it on; undefined when it came from the log's own server. */
  readonly relay: string | undefined
  /** The entries that its server had signed as far as was known when it was asked: less is too old. Of what was pulled. */
  readonly askedSize?: number | undefined
}

/** What speaks against a page. */
export interface PageRefusal {
  readonly verified: false
  readonly reason: RefusalReason
  /** The reason in words, for the operator. */
  readonly message: string
  /** Its head, if the log's server signed it. */
  readonly head?: LogHead | undefined
  /** The proof that there are two logs. */
  readonly fork?: ForkEvidence | undefined
}

/** A page of which everything is true. */
export type AcceptedPage = VerifiedLog & { readonly objects: PageObjects }

type VerifiedLog = Extract<PageVerdict, { readonly verified: true }>

/** A page that was compared with a standing, and whose signatures are being checked. */
export interface ExaminedPage {
  readonly verified: true
  readonly standing: Standing
  readonly page: AcceptedPage
  /** What speaks against its signatures. */
  readonly faultOfSignatures: Promise<ObjectFault | undefined>
}

/** What pages are verified with. */
export interface JudgeOptions extends StandingOptions {
  readonly finder: KeyFinder
  readonly verifier: Pick<Verifier, 'verifyAll'>
  readonly environment: Environment
}

/** A page, where its follower stands, and how it came. */
export interface PageCase {
  readonly page: JsonValue
  /** What the page was read from, where that is known. */
  readonly bytes?: LocatedPage['source'] | undefined
  readonly standing: Standing
  readonly source: PageSource
}

/**
 * Verifies what a page shows by itself: its log, and its objects. What is stored until it is accepted makes no
 * difference to that, if it leads to the same standing; so this can be done while the page before is being stored.
 *
 * @param given.page - read by `parseStrict`.
 */
export async function examinePage(given: PageCase, options: JudgeOptions): Promise<ExaminedPage | PageRefusal> {
  const log = await judgeLog(given, options)
  if (!log.verified) return log
  const withBodies = entriesWithBodies(log.entries)
  const objects = readObjects(withBodies)
  if ('reason' in objects) return { verified: false, ...objects }
  const fault = faultOfSignatures(withBodies, options.verifier)
  // Where nobody comes to look at it, because the page before was refused, its failure is nothing.
  fault.catch(() => undefined)
  return { verified: true, standing: given.standing, page: { ...log, objects }, faultOfSignatures: fault }
}

/** Ends the examination of a page: with its signatures, and with what is held, which no present version may lack. */
export async function judgeExamined(
  { standing, page, faultOfSignatures: signatures }: ExaminedPage,
  options: JudgeOptions,
): Promise<AcceptedPage | PageRefusal> {
  const { serverName, restart } = standing.record
  const withheld = await faultOfWithheld(page, standing, options)
  if (withheld) return withheld
  const catalog = restart ? undefined : options.store.catalog
  const fault = (await faultOfRevisions(serverName, page.entries, catalog)) ?? (await signatures)
  return fault ? { verified: false, ...fault } : page
}

async function judgeLog(given: PageCase, options: JudgeOptions): Promise<PageVerdict | PageRefusal> {
  const { page, bytes, standing, source } = given
  const { held } = standing
  const received = isJsonObject(page) ? page.head : undefined
  const heads = source.relay === undefined ? held.heads : headsWithinReach(held.heads, received)
  const { trust, missing } = await findHeadKeys(received, held.serverName, options)
  const verdict = verifyPage(page, { ...held, heads }, trust, bytes)
  if (verdict.verified) return verdict
  if (verdict.reason === 'unsigned_head' && missing !== undefined) {
    return { ...verdict, message: `The head of ${held.serverName} cannot be verified: ${missing}.` }
  }
  return (await forkIn(given, verdict, options)) ?? verdict
}

/** The refusal as that of a fork, if the page shows one. */
async function forkIn(
  { page, standing: { held }, source }: PageCase,
  { reason, message, head, contradicted }: Extract<PageVerdict, { readonly verified: false }>,
  { store, environment }: JudgeOptions,
): Promise<PageRefusal | undefined> {
  if (!head) return undefined
  const found = (forkReason: ForkEvidence['reason'], words: string): PageRefusal => {
    const findings = { reason: forkReason, message: words, foundTs: environment.now() }
    return { ...findings, verified: false, head, fork: evidenceOfFork({ ...findings, head, contradicted, held, page }) }
  }
  if (reason === 'fork') return found(reason, message)
  // A relay may have altered the page; what comes straight from the log's server, that server made.
  if (reason === 'bad_proof' && source.relay === undefined) return found(reason, message)
  const isSmaller = reason === 'rollback' || reason === 'beyond_head'
  if (!isSmaller || !(await contradictsHeld(head, held, nodesOf(held.serverName, store)))) return undefined
  return found('fork', restoredBackup(head, held))
}

/** Whether a page that reaches its head leaves an object without its present version. */
async function faultOfWithheld(
  { entries, head, followed }: VerifiedLog,
  { record }: Standing,
  { store }: JudgeOptions,
): Promise<PageRefusal | undefined> {
  if (followed.range.size < head.size || record.restart) return undefined
  const changed = new Set(entries.map((entry) => objectKey(entry.header)))
  const waiting = await store.log.withheld(head.serverName, changed.size + 1)
  const missing = waiting.find((body) => !changed.has(objectKey(body)))
  if (!missing) return undefined
  const message =
    `${head.serverName} left out the body of entry ${missing.seq} (${missing.kind} ${JSON.stringify(missing.id)}), ` +
    'though its object is still current.'
  return { verified: false, reason: 'body_missing', message }
}
