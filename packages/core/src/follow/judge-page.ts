import type { Environment } from '../environment.ts'
import type { LogHead, PageRefusalReason, ReceivedPage } from '../log/index.ts'
import {
  type AcceptedEntry,
  examine,
  type ExamineOptions,
  type FalsePage,
  type PageSummary,
  type TruePage,
} from './examine-page.ts'
import { contradictsHeld, evidenceOfFork, restoredBackup } from './fork.ts'
import type { ForkEvidence } from './origin-record.ts'
import {
  faultOfRevisions,
  faultOfSignatures,
  type ObjectFault,
  type ObjectFaultReason,
  objectKey,
  type SignatureOptions,
  type SignedEntry,
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
export interface AcceptedPage extends PageSummary {
  readonly verified: true
  readonly entries: readonly AcceptedEntry[]
}

/** A page that was compared with a standing, and whose signatures are being checked. */
export interface ExaminedPage extends TruePage {
  readonly standing: Standing
  /** What speaks against the signatures of its objects, which are being checked. */
  readonly faultOfSignatures: Promise<ObjectFault | undefined>
  /** Reads its entries. What is read of them is not kept, since pages may wait for their turn. */
  readonly entries: () => readonly AcceptedEntry[]
}

/** What pages are verified with. */
export interface JudgeOptions extends StandingOptions, ExamineOptions, SignatureOptions {
  readonly environment: Environment
}

/** A page, where its follower stands, and how it came. */
export interface PageCase {
  readonly page: ReceivedPage
  readonly standing: Standing
  readonly source: PageSource
}

/**
 * Verifies what a page shows by itself: its log, and its objects. What is stored until it is accepted makes no
 * difference to that, if it leads to the same standing; so this can be done while the page before is being stored.
 */
export async function examinePage(given: PageCase, options: JudgeOptions): Promise<ExaminedPage | PageRefusal> {
  const { page, standing, source } = given
  const isRelayed = source.relay !== undefined
  const entries: AcceptedEntry[] = []
  const objects: SignedEntry[] = []
  const found = await examine({ page, held: standing.held, isRelayed }, options, (entry, signed) => {
    entries.push(entry)
    if (signed) objects.push(signed)
  })
  if (!found.verified) return (await forkIn(given, found, options)) ?? found
  const fault = faultOfSignatures(objects, options)
  // Where nobody comes to look at it, because the page before was refused, its failure is nothing.
  fault.catch(() => undefined)
  return { ...found, standing, entries: () => entries, faultOfSignatures: fault }
}

/** Ends the examination of a page: with its signatures, and with what is held, which no present version may lack. */
export async function judgeExamined(
  { standing, summary, ...examined }: ExaminedPage,
  options: JudgeOptions,
): Promise<AcceptedPage | PageRefusal> {
  const { serverName, restart } = standing.record
  const signatures = await examined.faultOfSignatures
  const page = { verified: true as const, ...summary, entries: examined.entries() }
  const withheld = await faultOfWithheld(page, standing, options)
  if (withheld) return withheld
  const catalog = restart ? undefined : options.store.catalog
  const fault = (await faultOfRevisions(serverName, page.entries, catalog)) ?? signatures
  return fault ? { verified: false, ...fault } : page
}

/** The refusal as that of a fork, if the page shows one. */
async function forkIn(
  { page, standing: { held }, source }: PageCase,
  refused: FalsePage,
  { store, environment }: JudgeOptions,
): Promise<PageRefusal | undefined> {
  if (!('head' in refused) || !refused.head) return undefined
  const { reason, message, head, contradicted } = refused
  const found = (forkReason: ForkEvidence['reason'], words: string): PageRefusal => {
    const findings = { reason: forkReason, message: words, foundTs: environment.now() }
    return {
      ...findings,
      verified: false,
      head,
      fork: evidenceOfFork({ ...findings, head, contradicted, held, page: page.json }),
    }
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
  { entries, head, followed }: AcceptedPage,
  { record }: Standing,
  { store }: JudgeOptions,
): Promise<PageRefusal | undefined> {
  if (followed.range.size < head.size || record.restart) return undefined
  const changed = new Set(entries.map(objectKey))
  const waiting = await store.log.withheld(head.serverName, changed.size + 1)
  const missing = waiting.find((body) => !changed.has(objectKey(body)))
  if (!missing) return undefined
  const message =
    `${head.serverName} left out the body of entry ${missing.seq} (${missing.kind} ${JSON.stringify(missing.id)}), ` +
    'though its object is still current.'
  return { verified: false, reason: 'body_missing', message }
}
