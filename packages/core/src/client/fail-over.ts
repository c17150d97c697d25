import { atMost, type Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { type AnswerOptions, answerOf, type ServerAnswer } from './answer.ts'
import type { Listing } from './listing.ts'
import { gravityOf, isLie, type ProblemReason, type ServerProblem } from './problem.ts'
import type { Servers } from './servers.ts'

/** Servers that are asked for one page, so that 64 dead or lying ones cost a bounded time. */
const MAX_ASKED = 8

/** After this no further server is asked when there is something to show. */
const MAX_READ_MS = 20_000

/** Heads of other servers are waited for so long, to know who is up to date. */
const HEADS_WAIT_MS = 2000

/** The best answer that could be had, and what was wrong with it and with others. */
export interface ChosenAnswer {
  readonly answer: ServerAnswer
  readonly problems: readonly ServerProblem[]
}

/** What failing over works with. */
export interface FailOverOptions extends AnswerOptions {
  readonly servers: Servers
  readonly environment: Environment
}

/** What was found wrong while one page was read, by server. */
type ProblemsByServer = Map<string, readonly ServerProblem[]>

/**
 * Makes the function that reads a part of a listing from one server after the other, until one has nothing wrong with
 * it. Where all have, it takes the answer with the least.
 *
 * The function throws FederationError `unreachable` when no server answers, or nobody knows the keys; `key_conflict`.
 */
export function createFailOver(options: FailOverOptions): (listing: Listing) => Promise<ChosenAnswer> {
  const { serverName, servers, heads, environment } = options

  /** Whom to ask, one after the other: the primary, load balancers that are up to date, the others. */
  async function* candidates(problems: ProblemsByServer): AsyncGenerator<string> {
    const [ready, resting] = [servers.ready(), servers.resting()]
    if (ready.includes(serverName)) yield serverName
    const balancers = ready.filter((name) => name !== serverName).slice(0, MAX_ASKED)
    yield* await upToDateFirst(balancers, problems)
    yield* resting
  }

  async function upToDateFirst(balancers: readonly string[], problems: ProblemsByServer): Promise<readonly string[]> {
    if (balancers.length < 2) return balancers
    const sizes = new Map<string, number>()
    const all = balancers.map(async (name) => {
      const { head, problems: found } = await heads.of(name)
      sizes.set(name, head?.size ?? 0)
      if (found.some(isLie)) problems.set(name, found)
    })
    await atMost(Promise.all(all), HEADS_WAIT_MS, environment)
    return balancers.toSorted((a, b) => (sizes.get(b) ?? -1) - (sizes.get(a) ?? -1))
  }

  async function read(listing: Listing): Promise<ChosenAnswer> {
    const startTs = environment.now()
    const problems: ProblemsByServer = new Map()
    let best: ServerAnswer | undefined
    let asked = 0
    for await (const name of candidates(problems)) {
      const answer = await attempt(name, listing, problems)
      if (answer && (!best || gravityOf(answer.problems) < gravityOf(best.problems))) best = answer
      if ((best && isBest(best)) || ++asked === MAX_ASKED) break
      if (best && environment.now() - startTs > MAX_READ_MS) break
    }
    const all = [...problems.values()].flat()
    if (best) return { answer: best, problems: all }
    throw nobodyAnswers(serverName, all)
  }

  /** What one server answers; undefined when it does not. */
  async function attempt(
    name: string,
    listing: Listing,
    problems: ProblemsByServer,
  ): Promise<ServerAnswer | undefined> {
    try {
      const answer = await answerOf(name, listing, options)
      servers.answered(name)
      problems.set(name, answer.problems)
      if (answer.shown.freshness !== 'behind' && answer.problems.some(isLie)) servers.lied(name)
      return answer
    } catch (error) {
      if (!isOfServer(error)) throw error
      servers.failed(name)
      problems.set(name, [failureOf(name, error)])
      return undefined
    }
  }

  /** Whether no server that is left can do better: those that hold most of the log were asked first. */
  function isBest({ serverName: name, problems }: ServerAnswer): boolean {
    const mended = problems.filter(({ reason }) => reason !== 'behind' || name === serverName)
    return gravityOf(mended) === 0
  }

  return read
}

/** That the reader was closed says nothing about the server, and other servers are of no use. */
function isOfServer(error: unknown): error is FederationError {
  return error instanceof FederationError && error.code !== 'closed'
}

/** Failures that are told as what they are; all others are answers that are of no use. */
const FAILURE_REASONS: ReadonlyMap<string, ProblemReason> = new Map([
  ['unreachable', 'unreachable'],
  ['too_slow', 'unreachable'],
  ['key_conflict', 'key_conflict'],
])

function failureOf(serverName: string, error: FederationError): ServerProblem {
  return { serverName, reason: FAILURE_REASONS.get(error.code) ?? 'refused', message: reasonOf(error), objects: [] }
}

function nobodyAnswers(serverName: string, problems: readonly ServerProblem[]): FederationError {
  const words = problems.map((problem) => `${problem.serverName}: ${problem.message}`)
  const code = problems.some(({ reason }) => reason === 'key_conflict') ? 'key_conflict' : 'unreachable'
  return new FederationError(code, `No server shows the catalog of ${serverName}. ${words.join(' ')}`)
}
