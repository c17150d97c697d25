import type { Environment } from '../environment.ts'
import type { HeadOutcome, PageApplier, PageOutcome } from './apply-page.ts'
import { MAX_PAGE_ENTRIES } from '../log/index.ts'
import type { ExaminedPage, PageSource } from './judge-page.ts'
import type { LogSource, ServedPage } from './log-source.ts'
import { PageMemory } from './page-memory.ts'

/**
 * After so many pages, or so long, others have their turn: neither a server whose log never ends nor one that is slow
 * holds up anybody. A turn ends and begins with a page alone, which many short ones would feel.
 */
const MAX_PAGES_A_TURN = 256
const MAX_TURN_MS = 10_000

/**
 * Pages that were asked for and are not stored: one that is stored, which no other thread helps with, one that waits for
 * that, one that is verified, one on its way.
 */
const PAGES_UNDER_WAY = 4

/** What came of pulling. */
export type PullOutcome =
  /** All that the source shows is held. `etag` is that of its head. */
  | { readonly outcome: 'level'; readonly etag: string | undefined }
  /** There is more to be had. */
  | { readonly outcome: 'more' }
  | Extract<PageOutcome, { readonly outcome: 'refused' | 'not_followed' }>

/** How a log is pulled. */
export interface PullOptions {
  readonly serverName: string
  readonly source: LogSource
  /** Of the head that was reached the last time. */
  readonly etag: string | undefined
  /** The entries that the log is known to have. */
  readonly knownSize: number
  /** Takes in what comes, after whatever else comes from that server. */
  readonly applier: PageApplier
  readonly environment: Environment
  /** Ends it between two pages. */
  readonly signal: AbortSignal
}

/**
 * Pulls what a log has and its follower lacks: the head, then page after page, of which some are on their way or
 * verified while the one before is stored.
 *
 * @throws FederationError what {@link LogSource} throws.
 */
export async function pullLog(options: PullOptions): Promise<PullOutcome> {
  const { serverName, source, applier, knownSize } = options
  const served = await source.head(options.etag)
  if (!served) return { outcome: 'level', etag: options.etag }
  const way: PageSource = { way: 'pull', relay: source.relay, askedSize: knownSize }
  const looked = await applier.look(serverName, served.head, way)
  if (looked.outcome !== 'ahead') return afterLook(looked, served.etag)
  return pullPages(options, way, looked, served.etag)
}

function afterLook(looked: Exclude<HeadOutcome, { outcome: 'ahead' }>, etag: string | undefined): PullOutcome {
  switch (looked.outcome) {
    case 'applied':
      return { outcome: 'level', etag }
    case 'not_at_start':
      // Somebody else stored something meanwhile.
      return { outcome: 'more' }
    default:
      return looked
  }
}

async function pullPages(
  options: PullOptions,
  way: PageSource,
  { size: since, headSize }: { readonly size: number; readonly headSize: number },
  etag: string | undefined,
): Promise<PullOutcome> {
  const { serverName, applier, environment } = options
  const memory = new PageMemory(PAGES_UNDER_WAY)
  const turn = { ...options, way, headSize, endTs: environment.now() + MAX_TURN_MS, memory }
  for (let page = askFor({ since, place: 1, room: [] }, turn); ;) {
    const examined = await page.examined
    const served = await page.served
    const result = await applier.apply(serverName, () => served.read(), way, examined)
    const coming = page.leave()
    if (result.outcome === 'not_at_start') return { outcome: 'more' }
    if (result.outcome !== 'applied') return result
    forget(served, memory)
    if (result.size === result.headSize) {
      // Where a page brought a later head, its tag is not known.
      return { outcome: 'level', etag: result.headSize === headSize ? etag : undefined }
    }
    const next = await coming
    if (next?.since !== result.size) return { outcome: 'more' }
    await environment.yieldToOthers()
    page = next
  }
}

/** Uses the memory of a page that is stored for another one: no store holds what it was given. */
function forget(page: ServedPage, memory: PageMemory): void {
  if (page.bytes) memory.giveBack(page.bytes)
  page.bytes = undefined
}

/** Pages that follow each other. */
interface Turn extends PullOptions {
  readonly way: PageSource
  /** The entries that the log had when the turn began. */
  readonly headSize: number
  /** After that nothing more is asked for, POSIX milliseconds. */
  readonly endTs: number
  readonly memory: PageMemory
}

/** Where a page begins, and what it follows. */
interface PagePlace {
  readonly since: number
  /** Which one it is in this turn, from 1 on. */
  readonly place: number
  /** The end of each page before this one that is still under way. */
  readonly room: readonly Promise<void>[]
  readonly before?: PageBefore | undefined
}

/** What of a page is needed by the one after it. Not the page itself: each would hold all before it. */
type PageBefore = Pick<ComingPage, 'since' | 'examined'>

/** A page that was asked for. */
interface ComingPage {
  readonly since: number
  readonly served: Promise<ServedPage>
  readonly examined: Promise<ExaminedPage | undefined>
  /**
   * Tells that it is not under way any more, and hands over the one after it, which comes when there is room for it. What
   * was handed over is forgotten here: else whoever still held the first page of a turn would hold all of them.
   */
  leave(): Promise<ComingPage | undefined> | undefined
}

function askFor(asked: PagePlace, turn: Turn): ComingPage {
  const { since, place, room, before } = asked
  const served = unwatched(turn.source.page(since, turn.memory.take))
  const examined = unwatched(examineAfter(before, served, turn))
  let makeRoom = (): void => {}
  const left = new Promise<void>((resolve) => (makeRoom = resolve))
  const underWay = [...room, left].slice(-PAGES_UNDER_WAY)
  let next: Promise<ComingPage | undefined> | undefined

  async function askForNext(): Promise<ComingPage | undefined> {
    if (place === MAX_PAGES_A_TURN || turn.environment.now() > turn.endTs) return undefined
    const nextSince = await placeAfter({ since, examined }, before, turn)
    if (underWay.length === PAGES_UNDER_WAY) await underWay[0]
    if (nextSince === undefined || turn.signal.aborted) return undefined
    return askFor({ since: nextSince, place: place + 1, room: underWay, before: { since, examined } }, turn)
  }

  const page: ComingPage = {
    since,
    served,
    examined,
    leave() {
      makeRoom()
      const coming = next
      next = undefined
      return coming
    },
  }
  next = unwatched(Promise.resolve().then(askForNext))
  return page
}

async function examineAfter(
  before: PageBefore | undefined,
  served: Promise<ServedPage>,
  { serverName, applier, way }: Turn,
): Promise<ExaminedPage | undefined> {
  const found = await before?.examined
  return before && !found ? undefined : applier.examine(serverName, await served, way, found)
}

/**
 * Where the page after this one begins; undefined when there is none. After a page that was full it is taken to be full
 * too: if it is not, the turn ends with it.
 */
async function placeAfter(
  { since, examined }: PageBefore,
  before: PageBefore | undefined,
  { headSize }: Turn,
): Promise<number | undefined> {
  const isAfterFull = before && since - before.since === MAX_PAGE_ENTRIES
  if (isAfterFull && since + MAX_PAGE_ENTRIES < headSize) return since + MAX_PAGE_ENTRIES
  const found = await examined
  const end = found?.summary.followed.range.size
  return found && end !== undefined && end < found.summary.head.size ? end : undefined
}

/** Something of which it is not known yet whether it will be needed: then nobody waits for it, and its failure is nothing. */
function unwatched<T>(coming: Promise<T>): Promise<T> {
  coming.catch(() => undefined)
  return coming
}
