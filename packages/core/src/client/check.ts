import { FederationError, reasonOf } from '../errors.ts'
import type { ObjectKind } from '../store/index.ts'
import { type AnswerOptions, answerOf } from './answer.ts'
import { MAX_LEDGER_ENTRIES } from './ledger.ts'
import type { Listing } from './listing.ts'
import type { ServerProblem } from './problem.ts'

/** Objects that are asked for at once. */
const PAGE_OBJECTS = 1000

/** Servers that are checked. */
const MAX_CHECKED = 16

/** Pages of one listing that are read: a million objects. */
const MAX_PAGES = 1000

/** What came of checking one server. */
export interface CheckedServer {
  readonly serverName: string
  /** None when all that it lists is what the log says. */
  readonly problems: readonly ServerProblem[]
}

/** What came of checking a catalog. */
export interface CheckReport {
  /** Entries of the log that was read. */
  readonly entries: number
  /** Objects that the catalog has by its log. */
  readonly series: number
  readonly chapters: number
  /** The load balancers, in the order in which they were checked. */
  readonly servers: readonly CheckedServer[]
}

/**
 * Reads the log at the servers, then holds what each load balancer lists against it.
 *
 * @throws FederationError `unreachable` when no server shows the log.
 */
export async function checkServers(names: readonly string[], options: AnswerOptions): Promise<CheckReport> {
  const checked = names.slice(0, MAX_CHECKED)
  await readWholeLog(checked, options)
  const servers: CheckedServer[] = []
  for (const serverName of checked.filter((name) => name !== options.serverName)) {
    servers.push({ serverName, problems: await problemsAt(serverName, options) })
  }
  const { ledger } = options
  return { entries: ledger.size, series: ledger.count('series'), chapters: ledger.count('chapter'), servers }
}

/** From whoever serves it: nobody can change it. */
async function readWholeLog(names: readonly string[], { serverName, heads, ledger }: AnswerOptions): Promise<void> {
  const faults: string[] = []
  for (const name of names) {
    const { head } = await heads.of(name)
    if (!head || ledger.covers(head)) continue
    try {
      await ledger.readFrom(heads.sourceAt(name), MAX_LEDGER_ENTRIES)
    } catch (error) {
      faults.push(`${name}: ${reasonOf(error)}`)
    }
  }
  if (ledger.isComplete) return
  throw new FederationError('unreachable', `No server shows the log of ${serverName}. ${faults.join(' ')}`)
}

async function problemsAt(askedName: string, options: AnswerOptions): Promise<ServerProblem[]> {
  const problems: ServerProblem[] = []
  for (const kind of ['series', 'chapter'] as const) {
    try {
      for await (const found of problemsInListing(askedName, kind, options)) problems.push(...found)
    } catch (error) {
      problems.push({ serverName: askedName, reason: 'unreachable', message: reasonOf(error), objects: [] })
      break
    }
  }
  // That a server is behind is told with each page.
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()]
}

async function* problemsInListing(
  askedName: string,
  kind: ObjectKind,
  options: AnswerOptions,
): AsyncGenerator<readonly ServerProblem[]> {
  let afterId: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const listing: Listing = {
      kind,
      seriesId: undefined,
      afterId,
      limit: PAGE_OBJECTS,
      q: undefined,
      locale: undefined,
    }
    const answer = await answerOf(askedName, listing, options)
    yield answer.problems
    if (answer.untilId === undefined) return
    afterId = answer.untilId
  }
}
