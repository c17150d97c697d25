import { sameBytes } from '../bytes.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { findHeadKeys } from '../follow/head-keys.ts'
import { type LogSource, ownLogSource, relayedLogSource } from '../follow/log-source.ts'
import { type LogHead, readHead, verifyHead } from '../log/index.ts'
import type { KeyFinder } from '../keys/index.ts'
import type { Notebook } from './notebook.ts'
import type { ServerProblem } from './problem.ts'

/** A server's head is looked at again after this, so that reading page by page costs one small request a minute. */
const HEAD_REST_MS = 60 * 1000

/** How up to date a catalog is that was shown. */
export type Freshness =
  /** Its head is valid, and no later one is known. */
  | 'fresh'
  /** Its head ended: its server has not signed a new one for days. */
  | 'stale'
  /** A later head is known. */
  | 'behind'
  /** Its server signed two logs that contradict each other. */
  | 'forked'
  /** There is no log to tell. */
  | 'unknown'

/** What one server shows of the log. */
export interface ShownHead {
  /** Verified; undefined where none is shown. */
  readonly head: LogHead | undefined
  readonly freshness: Freshness
  readonly problems: readonly ServerProblem[]
}

/** The heads of one catalog's log, as its servers show them. The largest one is remembered. */
export interface Heads {
  /** What a server shows, not older than a minute. Never rejects. */
  of(askedName: string): Promise<ShownHead>
  /** Asks anew. */
  renew(askedName: string): Promise<ShownHead>
  /** The log as that server serves it. */
  sourceAt(askedName: string): LogSource
}

/** What comparing heads works with. */
export interface HeadsOptions {
  /** Whose log it is. */
  readonly serverName: string
  readonly client: HttpClient
  readonly finder: KeyFinder
  readonly notebook: Notebook
  readonly environment: Environment
}

/** Begins to compare the heads of a log. */
export function compareHeads(options: HeadsOptions): Heads {
  const { serverName, client, notebook, environment } = options
  const shown = new Map<string, { readonly answer: Promise<ServedHead>; readonly untilTs: number }>()
  let largest: Promise<LogHead | undefined> | undefined
  let fork: string | undefined

  function sourceAt(askedName: string): LogSource {
    return askedName === serverName ? ownLogSource(serverName, client) : relayedLogSource(serverName, askedName, client)
  }

  async function recall(): Promise<LogHead | undefined> {
    const note = await notebook.read(noteOf(serverName))
    try {
      return note && readHead(note)
    } catch {
      return undefined
    }
  }

  function largestSeen(): Promise<LogHead | undefined> {
    return (largest ??= recall())
  }

  /** Holds a verified head against the largest one; one after the other, since several servers are asked at a time. */
  async function weigh(head: LogHead): Promise<void> {
    largest = largestSeen().then((before) => laterOf(before, head))
    await largest
  }

  async function laterOf(before: LogHead | undefined, head: LogHead): Promise<LogHead> {
    if (before && isSameSize(before, head) && !sameBytes(before.root, head.root)) {
      fork = `${serverName} signed two logs of ${head.size} entries that contradict each other.`
    }
    if (before && !isLater(head, before)) return before
    await notebook.write(noteOf(serverName), head.json)
    return head
  }

  async function ask(askedName: string): Promise<ServedHead> {
    const served = await askHead(askedName, sourceAt(askedName), options)
    if (served.head) await weigh(served.head)
    return served
  }

  function renew(askedName: string): Promise<ShownHead> {
    const answer = ask(askedName)
    shown.set(askedName, { answer, untilTs: environment.now() + HEAD_REST_MS })
    return judged(askedName, answer)
  }

  /** Judged each time: a later head may have been seen elsewhere since. */
  async function judged(askedName: string, answer: Promise<ServedHead>): Promise<ShownHead> {
    const { head, problems } = await answer
    const last = await largestSeen()
    const found = (reason: ServerProblem['reason'], message: string): ServerProblem[] => [
      ...problems,
      { serverName: askedName, reason, message, objects: [] },
    ]
    if (fork !== undefined) return { head, freshness: 'forked', problems: found('forked', fork) }
    if (!head) return { head, freshness: 'unknown', problems }
    if (last && isLater(last, head) && !isSameSize(last, head)) {
      const message = `${askedName} has ${head.size} entries of the log of ${serverName}, which has ${last.size} by now.`
      return { head, freshness: 'behind', problems: found('behind', message) }
    }
    return { head, freshness: environment.now() > head.validUntilTs ? 'stale' : 'fresh', problems }
  }

  return {
    of(askedName) {
      const last = shown.get(askedName)
      return last && environment.now() < last.untilTs ? judged(askedName, last.answer) : renew(askedName)
    },
    renew,
    sourceAt,
  }
}

/** What a server shows, before it is compared with what others show. */
interface ServedHead {
  readonly head: LogHead | undefined
  readonly problems: readonly ServerProblem[]
}

/** The head that a server shows. That it shows none is no fault: not every server has logs. */
async function askHead(
  askedName: string,
  source: LogSource,
  { serverName, finder, environment }: HeadsOptions,
): Promise<ServedHead> {
  try {
    const served = await source.head(undefined)
    if (!served) return { head: undefined, problems: [] }
    const { trust, missing } = await findHeadKeys(served.head, serverName, { finder, environment })
    const verdict = verifyHead(served.head, serverName, trust)
    if (verdict.verified) return { head: verdict.head, problems: [] }
    const message = `The head of the log at ${askedName} is refused. ${missing ?? verdict.message}`
    const reason = missing === undefined ? 'altered' : 'unknown_key'
    return { head: undefined, problems: [{ serverName: askedName, reason, message, objects: [] }] }
  } catch {
    // What is wrong with the server shows where it is asked for objects.
    return { head: undefined, problems: [] }
  }
}

function isSameSize(a: LogHead, b: LogHead): boolean {
  return a.epoch === b.epoch && a.size === b.size
}

/** Of a later log, of more entries, or of the same ones signed later. */
function isLater(a: LogHead, b: LogHead): boolean {
  return a.epoch - b.epoch > 0 || (a.epoch === b.epoch && (a.size - b.size || a.issuedTs - b.issuedTs) > 0)
}

function noteOf(serverName: string): string {
  return `head:${serverName}`
}
