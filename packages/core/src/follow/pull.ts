import type { Environment } from '../environment.ts'
import { isJsonObject, type JsonObject } from '../json/index.ts'
import type { HeadOutcome, PageApplier, PageOutcome } from './apply-page.ts'
import type { PageSource } from './judge-page.ts'
import type { LogSource } from './log-source.ts'

/** After so many pages others have their turn: a server whose log never ends holds up nobody. */
const MAX_PAGES_A_TURN = 64

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
 * Pulls what a log has and its follower lacks: the head, then page after page, of which one is on its way and is
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
  { serverName, source, applier, environment, signal }: PullOptions,
  way: PageSource,
  { size: since, headSize }: { readonly size: number; readonly headSize: number },
  etag: string | undefined,
): Promise<PullOutcome> {
  let coming = source.page(since)
  let examined = unwatched(coming.then((page) => applier.examine(serverName, page, way)))
  for (let pages = 1; ; pages += 1) {
    const page = await coming
    const isLast = pages === MAX_PAGES_A_TURN || signal.aborted
    const next = isLast ? undefined : placeAfter(page.json)
    if (next !== undefined) coming = unwatched(source.page(next))
    const found = await examined
    if (next !== undefined) {
      examined = unwatched(coming.then((following) => applier.examine(serverName, following, way, found)))
    }
    const result = await applier.apply(serverName, page.json, way, found)
    if (result.outcome === 'not_at_start') return { outcome: 'more' }
    if (result.outcome !== 'applied') return result
    if (result.size === result.headSize) {
      // Where a page brought a later head, its tag is not known.
      return { outcome: 'level', etag: result.headSize === headSize ? etag : undefined }
    }
    if (next !== result.size) return { outcome: 'more' }
    await environment.yieldToOthers()
  }
}

/** Something of which it is not known yet whether it will be needed: then nobody waits for it, and its failure is nothing. */
function unwatched<T>(coming: Promise<T>): Promise<T> {
  coming.catch(() => undefined)
  return coming
}

/** Where the page after this one begins; undefined when it says that there is none. Nothing of it was verified yet. */
function placeAfter({ start, entries, head }: JsonObject): number | undefined {
  if (typeof start !== 'number' || !Array.isArray(entries) || !isJsonObject(head)) return undefined
  if (typeof head.size !== 'number') return undefined
  const end = start + entries.length
  return entries.length > 0 && end < head.size ? end : undefined
}
