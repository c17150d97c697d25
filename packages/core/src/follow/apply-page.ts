import { examineOnThread } from '#page-thread'
import type { PublicKey } from '../crypto/index.ts'
import { isJsonObject, type JsonValue } from '../json/index.ts'
import { type LogHead, pageOf, type ReceivedPage } from '../log/index.ts'
import type { ServerNameOptions } from '../names/index.ts'
import type { Logger } from '../logger.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { headsToKeep, newestOf } from './heads.ts'
import {
  type AcceptedPage,
  type ExaminedPage,
  examinePage,
  judgeExamined,
  type JudgeOptions,
  type PageCase,
  type PageRefusal,
  type PageSource,
  type RefusalReason,
} from './judge-page.ts'
import type { ServedPage } from './log-source.ts'
import type { OriginRecord } from './origin-record.ts'
import { unpackEntries } from './packed-entries.ts'
import { afterPage, afterRefusal, changesOf, isKnown } from './page-changes.ts'
import type { ObjectFault } from './page-objects.ts'
import { isSameStanding, type Standing, standingOf } from './standing.ts'

/** To tell a thread of fewer takes longer than to examine them: some 50 entries. */
const MIN_BYTES_ELSEWHERE = 64 * 1024

/** Stands for what a thread found against signatures, which nobody is told: the page is examined again. */
const UNSEEN: ObjectFault = { reason: 'bad_signature', message: 'A signature was not seen to be good.' }

/** What became of a page. `size` is what is held now. */
export type PageOutcome =
  | { readonly outcome: 'applied'; readonly size: number; readonly headSize: number }
  /** It does not begin where the follower stands. */
  | { readonly outcome: 'not_at_start'; readonly size: number }
  | {
      readonly outcome: 'refused'
      /** `forked`: the log's server keeps two logs, and is followed no further. */
      readonly reason: RefusalReason | 'forked'
      /** The reason in words, for the operator. */
      readonly message: string
      readonly size: number
    }
  | { readonly outcome: 'not_followed' }

/** What became of a head: `ahead` when it is accepted and there are entries to be had. */
export type HeadOutcome = PageOutcome | { readonly outcome: 'ahead'; readonly size: number; readonly headSize: number }

/** What pages are verified with, and where they are kept. */
export interface PageApplierOptions extends JudgeOptions {
  readonly names: ServerNameOptions
  /** Keys of release groups that the operator knows, by the group's name. */
  readonly groupKeys: ReadonlyMap<string, PublicKey>
  readonly logger: Logger
  readonly telemetry: Telemetry
}

/** Takes in what servers show of their logs. Calls for one server must follow each other. */
export interface PageApplier {
  /**
   * Verifies a page, pulled or pushed, and stores its entries, its objects and the new state in one transaction
   * (PROTOCOL sections 9 and 10). Of a page that is refused nothing is stored but that it was.
   *
   * @param readPage - reads it, at most 8 MiB; not called where what `examine` found is still true.
   * @param examined - what that found. Default: it is examined now.
   */
  apply(
    serverName: string,
    readPage: () => ReceivedPage,
    source: PageSource,
    examined?: ExaminedPage,
  ): Promise<PageOutcome>
  /**
   * Begins to verify a page before its turn: nothing is stored, and calls need not follow each other.
   *
   * @param before - the page before, which is not stored yet. Default: the page continues what is held.
   * @returns undefined when it is not seen to be true, about which only `apply` decides.
   */
  examine(
    serverName: string,
    page: ServedPage,
    source: PageSource,
    before?: ExaminedPage,
  ): Promise<ExaminedPage | undefined>
  /** The same for a head alone, read by `parseStrict`. */
  look(serverName: string, head: JsonValue, source: PageSource): Promise<HeadOutcome>
}

/** Builds it. */
export function createPageApplier(options: PageApplierOptions): PageApplier {
  const { store, records, environment, logger, telemetry, finder, names } = options
  const keyBytes = new Map(Array.from(options.groupKeys, ([group, { bytes }]) => [group, bytes]))

  async function judge(given: PageCase): Promise<AcceptedPage | PageRefusal> {
    const examined = await examinePage(given, options)
    return examined.verified ? judgeExamined(examined, options) : examined
  }

  /** Examines a page elsewhere. A small one is examined sooner than a thread is told of it. */
  async function examineElsewhere(
    page: ServedPage,
    standing: Standing,
    source: PageSource,
  ): Promise<ExaminedPage | undefined> {
    if (!page.bytes || page.bytes.length < MIN_BYTES_ELSEWHERE) return undefined
    const isRelayed = source.relay !== undefined
    const task = { held: standing.held, isRelayed, names, groupKeys: keyBytes, nowTs: environment.now() }
    const found = await examineOnThread(page, task, (...question) => finder.find(...question))
    const { bytes } = page
    if (!found || !bytes) return undefined
    return {
      verified: true,
      standing,
      summary: found.summary,
      entries: () => unpackEntries(found.entries, bytes),
      faultOfSignatures: found.areGood.then((areGood) => {
        if (!areGood) return UNSEEN
        telemetry.objectsVerified(found.entries.objects)
        return undefined
      }),
    }
  }

  async function accept({ record }: Standing, page: AcceptedPage, source: PageSource): Promise<PageOutcome> {
    const { serverName, range } = page.followed
    // Stopped here, it begins again with the same page: the record still says so.
    if (record.restart) await store.catalog.forget(serverName)
    const changes = isNews(page, record) ? changesOf(page, record, environment.now()) : undefined
    const stored = await records.change(serverName, (newest) => afterPage(newest, page, source), changes)
    if (!stored) return overtaken(await standingOf(serverName, options))
    if (changes) telemetry.pageApplied(source.way, page.entries.length)
    return { outcome: 'applied', size: range.size, headSize: page.head.size }
  }

  async function refuse(standing: Standing, refusal: PageRefusal, source: PageSource): Promise<PageOutcome> {
    const { record, held } = standing
    const { serverName, range } = held
    const { reason, message, fork } = refusal
    // What was compared with a standing that another process changed meanwhile is nobody's fault.
    const now = await standingOf(serverName, options)
    if (!now || !isSameStanding(now, standing)) return overtaken(now)
    if (isOvertaken(refusal, source, standing)) return { outcome: 'not_at_start', size: range.size }
    telemetry.pageRefused(reason)
    // What a relay hands on says nothing about the log's server, unless that server signed it.
    const concernsServer = fork !== undefined || source.relay === undefined
    if (!concernsServer) logger.info({ serverName, reason, relay: source.relay }, message)
    else if (!isKnown(record, refusal)) logger[fork ? 'error' : 'warn']({ serverName, reason }, message)
    if (concernsServer) {
      await records.change(serverName, (newest) => afterRefusal(newest, refusal, environment.now()))
    }
    return { outcome: 'refused', reason, message, size: range.size }
  }

  /** Holds the server to a head before its entries are asked for. */
  async function keepAhead({ record, held }: Standing, head: LogHead, { relay }: PageSource): Promise<HeadOutcome> {
    const { serverName, range } = held
    const isKept = record.restart || newestOf(record.heads, head.size) !== undefined
    await records.change(serverName, (newest) => {
      const refusal = isAnswered(newest, relay) ? undefined : newest.refusal
      if (isKept && refusal === newest.refusal) return newest
      return { ...newest, refusal, heads: isKept ? newest.heads : headsToKeep([...newest.heads, head], range.size) }
    })
    return { outcome: 'ahead', size: range.size, headSize: head.size }
  }

  return {
    apply: (serverName, readPage, source, examined) =>
      telemetry.span('manga_federation.apply_page', { 'manga_federation.origin': serverName }, async () => {
        const standing = await standingOf(serverName, options)
        if (!standing) return { outcome: 'not_followed' }
        const { size } = standing.held.range
        if (standing.record.fork && !standing.record.restart) return followedNoFurther(standing)
        if (examined && (await isStillTrue(examined, standing))) {
          const seen = await judgeExamined(examined, options)
          return seen.verified ? accept(standing, seen, source) : refuse(standing, seen, source)
        }
        const page = readPage()
        const { json } = page
        if (isJsonObject(json) && typeof json.start === 'number' && json.start !== size) {
          return { outcome: 'not_at_start', size }
        }
        const judged = await judge({ page, standing, source })
        return judged.verified ? accept(standing, judged, source) : refuse(standing, judged, source)
      }),

    async examine(serverName, page, source, before) {
      const standing = before ? standingAfter(before, source) : await standingOf(serverName, options)
      if (!standing) return undefined
      const elsewhere = await examineElsewhere(page, standing, source)
      if (elsewhere) return elsewhere
      const found = await examinePage({ page: page.read(), standing, source }, options)
      return found.verified ? found : undefined
    },

    async look(serverName, head, source) {
      const standing = await standingOf(serverName, options)
      if (!standing) return { outcome: 'not_followed' }
      if (standing.record.fork && !standing.record.restart) return followedNoFurther(standing)
      // A head is a page that adds nothing. When it covers more, that alone speaks against it.
      const page = pageOf({ start: standing.held.range.size, entries: [], bodies: {}, head, proof: [] })
      const judged = await judge({ page, standing, source })
      if (judged.verified) return accept(standing, judged, source)
      return judged.reason === 'entries_missing' && judged.head
        ? keepAhead(standing, judged.head, source)
        : refuse(standing, judged, source)
    },
  }
}

/** Another process was faster, or the server is not followed any more. */
function overtaken(now: Standing | undefined): PageOutcome {
  return now ? { outcome: 'not_at_start', size: now.held.range.size } : { outcome: 'not_followed' }
}

/** Where the follower stands when a page is stored. */
function standingAfter({ summary, standing: { record } }: ExaminedPage, source: PageSource): Standing {
  const after = afterPage(record, summary, source)
  return { record: after, held: { ...summary.followed, heads: after.heads } }
}

/** Whether a page that was examined before its turn continues what is held, and is signed. */
async function isStillTrue(examined: ExaminedPage, standing: Standing): Promise<boolean> {
  return isSameStanding(examined.standing, standing) && (await examined.faultOfSignatures) === undefined
}

/**
 * Whether a head is smaller than what is known only because more became known while it was on its way: then it was not
 * asked for after that, or was signed before it.
 */
function isOvertaken(
  { reason, head, fork }: PageRefusal,
  { way, askedSize = 0 }: PageSource,
  { held }: Standing,
): boolean {
  if (fork || reason !== 'rollback' || !head || head.epoch !== held.heads.at(-1)?.epoch) return false
  if (way === 'pull') return head.size >= askedSize
  return head.issuedTs < Math.max(...held.heads.map(({ issuedTs }) => issuedTs))
}

/** A page without entries may still bring a head that was signed anew. */
function isNews({ entries, head, followed }: AcceptedPage, { restart, heads }: OriginRecord): boolean {
  const known = newestOf(heads, followed.range.size)
  return restart || entries.length > 0 || head.issuedTs > (known?.issuedTs ?? 0)
}

/** Whether a head that is accepted answers what was refused before: that its server showed an old log, or none. */
function isAnswered({ refusal }: OriginRecord, relay: string | undefined): boolean {
  return relay === undefined && refusal !== undefined && HEAD_REFUSALS.has(refusal.reason)
}

/** Refusals that concern the head alone, and end with a good one. */
const HEAD_REFUSALS: ReadonlySet<string> = new Set<RefusalReason>([
  'bad_head',
  'wrong_server',
  'future_head',
  'unsigned_head',
  'new_epoch',
  'rollback',
])

function followedNoFurther({ record, held }: Standing): PageOutcome {
  const message = `${held.serverName} is followed no further. ${record.fork?.message ?? ''}`
  return { outcome: 'refused', reason: 'forked', message, size: held.range.size }
}
