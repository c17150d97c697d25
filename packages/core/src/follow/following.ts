import { createSerialQueue } from '../catalog/index.ts'
import type { Discovery } from '../discovery/index.ts'
import { atMost } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { type JsonValue, parseStrict } from '../json/index.ts'
import { readHead } from '../log/index.ts'
import { parseServerName, type ServerNameOptions } from '../names/index.ts'
import type { Tell } from '../sharing/index.ts'
import { createPageApplier, type PageApplierOptions } from './apply-page.ts'
import { newRecord, type OriginRecord } from './origin-record.ts'
import { type OriginStatus, statusOf } from './origin-state.ts'
import { createOriginWorker, type LogProgress, type OriginWorker, type ReceiveOutcome } from './origin-worker.ts'
import { createSlots } from './slots.ts'
import type { VisitOptions } from './visit.ts'

/** Servers that one site follows: each is polled, and each catalog is kept. */
const MAX_ORIGINS = 1000

/** Servers that are visited at a time: one page each is in memory, and one on its way, 8 MiB each at most. */
const MAX_VISITS_AT_A_TIME = 4

/** How long whoever follows a server waits for the first answer of it. */
const MAX_FIRST_VISIT_WAIT_MS = 5000

/** How to follow a server. */
export interface FollowOptions {
  /**
   * The operator's word that the log which the server shows now is to be followed, whatever was signed before: after a
   * fork, or when it began a new one. What is held is removed as soon as the new log's first page was verified. Default
   * is false.
   */
  readonly acceptNewLog?: boolean | undefined
  /** Awaited with the server's name before anything of it is asked for. */
  readonly prepare?: ((serverName: string) => Promise<void>) | undefined
}

/** How to end following a server. */
export interface UnfollowOptions {
  /** Whether what is held of its catalog is removed too. Default is false. */
  readonly forget?: boolean | undefined
  /** Awaited before that is removed. */
  readonly prepare?: ((serverName: string) => Promise<void>) | undefined
}

/** How far the catalog of one server has come: what a progress bar draws. */
export interface FollowProgress {
  readonly serverName: string
  /** Entries of its log that are held. */
  readonly done: number
  /** Entries that its server says it has. */
  readonly total: number
  readonly phase: 'pulling' | 'complete'
}

/** The servers whose catalogs are followed. */
export interface Following {
  /**
   * Follows a server from now on. One that cannot be reached is remembered and tried on; its status says so.
   *
   * @param nameOrDomain - a server name, or a domain whose well-known file names one.
   * @throws FederationError `invalid_server_name` or `invalid_parameter` for what is neither, for this server itself,
   *   and beyond 1,000 servers; for a domain, what {@link Discovery.lookUp} throws.
   */
  follow(nameOrDomain: string, options?: FollowOptions): Promise<OriginStatus>
  /** Ends following a server. */
  unfollow(serverName: string, options?: UnfollowOptions): Promise<void>
  /**
   * Looks at once what a server has.
   *
   * @param options.confirmRemoval - the operator's word that what its listings do not show any more is gone.
   * @throws FederationError `invalid_parameter` when it is not followed.
   */
  check(serverName: string, options?: { readonly confirmRemoval?: boolean | undefined }): Promise<OriginStatus>
  /** All servers that are followed, by name. */
  list(): Promise<OriginStatus[]>
  /** One of them. */
  status(serverName: string): Promise<OriginStatus | undefined>
  /** Takes in a page that a server pushed; `origin` is who signed the request. */
  receive(origin: string, page: JsonValue): Promise<ReceiveOutcome>
  /** Something may be new there: look soon. */
  poke(origin: string): void
  /**
   * Tells how catalogs come along.
   *
   * @returns a function that ends it.
   */
  onProgress(listener: (progress: FollowProgress) => void): () => void
  /** Another process began or ended following a server, or was told how. */
  changed(serverName: string): Promise<void>
  /** Begins to visit, or takes up what other processes follow since. */
  start(): Promise<void>
  /**
   * Visits nobody any more but when asked to, until the next `start`. Ends after the page that is being stored; requests
   * under way end with their client.
   */
  stop(): Promise<void>
}

/** What following works with. */
export interface FollowingOptions extends PageApplierOptions, VisitOptions {
  readonly discovery: Discovery
  /** Tells other processes that a server is followed from now on, or no more, or in another way. */
  readonly tell: Tell
  readonly names: ServerNameOptions
}

/** Builds it. Nothing is visited before `start`. */
export function createFollowing(options: FollowingOptions): Following {
  const { store, records, notices, environment, logger, names } = options
  const workers = new Map<string, OriginWorker>()
  const listeners = new Set<(progress: FollowProgress) => void>()
  const slots = createSlots(MAX_VISITS_AT_A_TIME)
  const applier = createPageApplier(options)
  const oneByOne = createSerialQueue()
  let isWorking = false

  function workerOf(serverName: string): OriginWorker {
    const known = workers.get(serverName)
    if (known) return known
    const told = (progress: LogProgress): void => tell(serverName, progress)
    const mayPlan = (): boolean => isWorking
    const worker = createOriginWorker(serverName, { ...options, applier, slots, progressed: told, mayPlan })
    workers.set(serverName, worker)
    return worker
  }

  function tell(serverName: string, { size, headSize }: LogProgress): void {
    const progress = {
      serverName,
      done: size,
      total: headSize,
      phase: size < headSize ? 'pulling' : 'complete',
    } as const
    for (const listener of listeners) {
      try {
        listener(progress)
      } catch (error) {
        logger.error({ serverName }, `A listener for the progress of following failed: ${reasonOf(error)}`)
      }
    }
  }

  async function nameOf(nameOrDomain: string): Promise<string> {
    const serverName = nameOrDomain.includes('://')
      ? parseServerName(nameOrDomain, names)
      : (await options.discovery.lookUp(nameOrDomain)).primary
    if (serverName !== options.serverName) return serverName
    throw new FederationError('invalid_parameter', `${serverName} is this server: it does not follow itself.`)
  }

  async function remember(serverName: string, { acceptNewLog = false, prepare }: FollowOptions): Promise<OriginWorker> {
    const known = await records.get(serverName)
    if (!known && (await records.list()).length >= MAX_ORIGINS) {
      const message = `${MAX_ORIGINS} servers are followed already. Unfollow one first.`
      throw new FederationError('invalid_parameter', message)
    }
    await prepare?.(serverName)
    if (!known) await records.add(await recordOfHeld(serverName))
    else if (acceptNewLog) await records.change(serverName, withRestart)
    return workerOf(serverName)
  }

  /** A new record, which takes up what is still held of a server that was followed before. */
  async function recordOfHeld(serverName: string): Promise<OriginRecord> {
    const record = newRecord(serverName, environment.now())
    const head = await store.log.head(serverName)
    if (head) return { ...record, mode: 'log', heads: [readHead(parseStrict(head))] }
    const { size } = await store.catalog.state(serverName)
    return size > 0 ? { ...record, mode: 'listing' } : record
  }

  async function end(serverName: string, { forget = false, prepare }: UnfollowOptions = {}): Promise<void> {
    const worker = workerOf(serverName)
    void worker.end()
    await worker.inTurn(async () => {
      await records.remove(serverName)
      if (!forget) return
      await prepare?.(serverName)
      await store.catalog.forget(serverName)
    })
    letGo(serverName)
  }

  function letGo(serverName: string): void {
    void workers.get(serverName)?.end()
    workers.delete(serverName)
    notices.withdrawn(serverName)
  }

  async function describe(record: OriginRecord): Promise<OriginStatus> {
    const { serverName } = record
    const { size } = await store.catalog.state(serverName)
    const { lastCheckedTs, lastError } = workers.get(serverName)?.memory ?? {}
    return statusOf(record, { size, nowTs: environment.now(), lastCheckedTs, lastError })
  }

  async function status(serverName: string): Promise<OriginStatus | undefined> {
    const record = await records.get(serverName)
    return record && describe(record)
  }

  async function statusOfFollowed(serverName: string): Promise<OriginStatus> {
    const known = await status(serverName)
    if (known) return known
    throw new FederationError('invalid_parameter', `${serverName} is not followed.`)
  }

  return {
    async follow(nameOrDomain, how = {}) {
      const serverName = await nameOf(nameOrDomain)
      const worker = await oneByOne(() => remember(serverName, how))
      options.tell('following', serverName)
      if (isWorking) await atMost(worker.visitNow(), MAX_FIRST_VISIT_WAIT_MS, environment)
      return statusOfFollowed(serverName)
    },

    async unfollow(serverName, how) {
      await oneByOne(() => end(serverName, how))
      options.tell('following', serverName)
    },

    async check(serverName, { confirmRemoval = false } = {}) {
      await statusOfFollowed(serverName)
      const worker = workerOf(serverName)
      worker.memory.confirmRemoval ||= confirmRemoval
      await worker.visitNow()
      return statusOfFollowed(serverName)
    },

    async list() {
      const statuses: OriginStatus[] = []
      for (const record of await records.list()) statuses.push(await describe(record))
      return statuses
    },
    status,

    async receive(origin, page): Promise<ReceiveOutcome> {
      if (!(await records.get(origin))) return { outcome: 'not_followed' }
      return workerOf(origin).receive(page)
    },

    poke(origin) {
      workers.get(origin)?.poke()
    },

    onProgress(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },

    async changed(serverName) {
      if (!isWorking) return
      if (await records.get(serverName)) workerOf(serverName).poke()
      else letGo(serverName)
    },

    async start() {
      const isVisited = (serverName: string): boolean => wasWorking && workers.has(serverName)
      const wasWorking = isWorking
      isWorking = true
      const followed = new Set((await records.list()).map(({ serverName }) => serverName))
      for (const serverName of workers.keys()) if (!followed.has(serverName)) letGo(serverName)
      for (const serverName of followed) if (!isVisited(serverName)) workerOf(serverName).poke()
    },

    async stop() {
      isWorking = false
      const ended = [...workers.values()]
      workers.clear()
      await Promise.all(ended.map((worker) => worker.end()))
    },
  }
}

/** Of listings there is nothing to begin anew. */
function withRestart(record: OriginRecord): OriginRecord {
  return record.mode === 'listing' ? record : { ...record, restart: true }
}
