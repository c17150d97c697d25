import { setInterval } from 'node:timers/promises'
import { type Cluster, type ClusterProcess, getJson, type ProcessStatus } from './cluster.ts'

/** Often enough to see most heads, seldom enough to cost little beside the work. */
const INTERVAL_MS = 100

/** A head of a log, as far as it says what the log is. */
export interface SeenHead {
  readonly size: number
  readonly root: string
  readonly epoch: number
}

/** Looks again and again at what all processes of a site show of a log and how they are, and remembers it. */
export class Watch {
  readonly #cluster: Cluster
  readonly #headPath: string
  readonly #heads = new Map<string, SeenHead>()
  readonly #statuses = new Map<string, ProcessStatus>()
  readonly #workers = new Set<string>()
  readonly #ending = new AbortController()
  readonly #running: Promise<void>

  constructor(cluster: Cluster, headPath: string) {
    this.#cluster = cluster
    this.#headPath = headPath
    this.#running = this.#watch()
  }

  /** All different heads that were seen. */
  get heads(): SeenHead[] {
    return [...this.#heads.values()]
  }

  /** What was refused of other servers' logs. */
  get refusals(): string[] {
    return [...this.#statuses.values()].flatMap(({ refusals }) => refusals)
  }

  /** The processes that had the work that one does for all, each by the name that it had in that life. */
  get workers(): string[] {
    return [...this.#workers].sort()
  }

  /** The processes that did something, by the name of its spans. */
  whoDid(what: string): string[] {
    return [...this.#statuses.keys()].filter((life) => this.#statuses.get(life)?.work[what]).sort()
  }

  /** The head that all processes show, once they show the same. */
  async head(): Promise<SeenHead | undefined> {
    const heads = await Promise.all(this.#cluster.running().map((process) => this.#lookAtHead(process)))
    return heads.every(({ root }) => root === heads[0]?.root) ? heads[0] : undefined
  }

  stop(): Promise<void> {
    this.#ending.abort()
    return this.#running
  }

  async #watch(): Promise<void> {
    for await (const _ of setInterval(INTERVAL_MS)) {
      if (this.#ending.signal.aborted) return
      const looks = this.#cluster
        .running()
        .flatMap((process) => [this.#lookAtHead(process), this.#lookAtStatus(process)])
      // Who is killed just now, or waits for the database, shows nothing.
      await Promise.allSettled(looks)
    }
  }

  async #lookAtHead({ address }: ClusterProcess): Promise<SeenHead> {
    const { size, root, epoch } = await getJson<SeenHead>(address + this.#headPath)
    const head = { size, root, epoch }
    this.#heads.set(JSON.stringify(head), head)
    return head
  }

  async #lookAtStatus(process: ClusterProcess): Promise<void> {
    const { life } = process
    const status = await process.status()
    this.#statuses.set(life, status)
    if (status.hasClaims) this.#workers.add(life)
  }
}
