import { createSerialQueue, type SerialQueue } from '../catalog/index.ts'
import { isJsonObject, type JsonValue } from '../json/index.ts'
import { pageOf } from '../log/index.ts'
import type { Store } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import type { HeadOutcome, PageApplier, PageOutcome } from './apply-page.ts'
import type { OriginChanges } from './origin-records.ts'
import type { Slots } from './slots.ts'
import { pauseMs, pollDelayMs } from './visit-times.ts'
import { visit, type VisitMemory, type VisitOptions, type VisitOutcome } from './visit.ts'

/** Pushed pages that may wait for their turn: an honest sender has one under way. */
const MAX_WAITING_PUSHES = 2

/** A server that says all the time that it has something new is asked no more often than this. */
const MIN_POKE_INTERVAL_MS = 1000

/** What becomes of a pushed page. */
export type ReceiveOutcome =
  | PageOutcome
  /** Too many pages of that server wait already, or it is just being found out how it is followed. */
  | { readonly outcome: 'busy'; readonly size: number }

/** How far a log is held. */
export interface LogProgress {
  readonly size: number
  readonly headSize: number
}

/** What a worker works with. */
export interface WorkerOptions extends VisitOptions {
  readonly store: Pick<Store, 'catalog'>
  readonly applier: PageApplier
  /** How many are visited at a time. */
  readonly slots: Slots
  readonly progressed: (progress: LogProgress) => void
  /** Whether it is visited by itself. If not, only when asked to: another process looks after it. */
  readonly mayPlan: () => boolean
  readonly telemetry: Telemetry
}

/** Follows one server: decides when it is visited, and lets nothing of it overtake anything else. */
export interface OriginWorker {
  readonly memory: VisitMemory
  /** Whatever changes what is held of this server runs in here. */
  readonly inTurn: SerialQueue
  /** Visits the server, once more if a visit is under way. Resolves when that is over, however it went. */
  visitNow(): Promise<void>
  /** Visits it soon. */
  poke(): void
  receive(page: JsonValue): Promise<ReceiveOutcome>
  /** Ends it after the page that is being stored. */
  end(): Promise<void>
}

/** Builds a worker, which does nothing by itself before it is told to. */
export function createOriginWorker(origin: string, options: WorkerOptions): OriginWorker {
  const { store, records, notices, environment, random, slots, progressed, mayPlan, telemetry } = options
  const inTurn = createSerialQueue()
  const controller = new AbortController()
  const { signal } = controller
  const memory: VisitMemory = {
    etag: undefined,
    contactedTs: undefined,
    lastCheckedTs: undefined,
    lastError: undefined,
    confirmRemoval: false,
  }
  let running: Promise<void> | undefined
  let isAskedAgain = false
  let cancelNext = (): void => {}
  let visitedTs = -Infinity
  let failuresInARow = 0
  let waitingPushes = 0

  const applier: PageApplier = {
    apply: async (...given) => tell(await inTurn(() => options.applier.apply(...given))),
    look: async (...given) => tell(await inTurn(() => options.applier.look(...given))),
    examine: (...given) => options.applier.examine(...given),
  }

  function tell<Outcome extends HeadOutcome>(result: Outcome): Outcome {
    if (result.outcome === 'applied') notices.applied(origin)
    if (result.outcome === 'applied' || result.outcome === 'ahead') progressed(result)
    return result
  }

  async function commitListing(changes: OriginChanges): Promise<boolean> {
    const stored = await inTurn(() => records.change(origin, (record) => record, changes))
    if (stored) notices.applied(origin)
    return stored !== undefined
  }

  async function visitOnce(): Promise<VisitOutcome> {
    if (signal.aborted) return { outcome: 'over' }
    visitedTs = environment.now()
    isAskedAgain = false
    return telemetry.span('manga_federation.follow', { 'manga_federation.origin': origin }, () =>
      visit({ origin, memory, applier, commitListing, signal }, options),
    )
  }

  function run(): Promise<void> {
    cancelNext()
    running ??= visitAndPlan()
    return running
  }

  async function visitAndPlan(): Promise<void> {
    const visited = await slots(visitOnce)
    running = undefined
    planAfter(visited)
  }

  function planAfter(visited: VisitOutcome): void {
    failuresInARow = visited.outcome === 'failed' ? failuresInARow + 1 : 0
    if (isAskedAgain && visited.outcome !== 'more') return plan(MIN_POKE_INTERVAL_MS)
    switch (visited.outcome) {
      case 'level':
        return plan(pollDelayMs(visited.minDelayMs, random))
      case 'failed':
        return plan(pauseMs(failuresInARow, random))
      case 'more':
        return plan(0)
      case 'over':
    }
  }

  function plan(delayMs: number): void {
    cancelNext()
    if (!signal.aborted && mayPlan()) cancelNext = environment.after(delayMs, () => void run())
  }

  function poke(): void {
    isAskedAgain = true
    // A clock that was set back delays nothing by more.
    const restMs = Math.min(visitedTs + MIN_POKE_INTERVAL_MS - environment.now(), MIN_POKE_INTERVAL_MS)
    if (!running) plan(Math.max(0, restMs))
  }

  async function receiveInTurn(page: JsonValue): Promise<ReceiveOutcome> {
    const record = await records.get(origin)
    if (!record) return { outcome: 'not_followed' }
    if (record.mode === 'listing') {
      // It has a log now, and the next visit takes that up.
      memory.contactedTs = undefined
      poke()
      return { outcome: 'busy', size: 0 }
    }
    const result = await applier.apply(origin, () => pageOf(page), { way: 'push', relay: undefined })
    if (isBehind(result, page)) poke()
    return result
  }

  return {
    memory,
    inTurn,
    poke,
    async visitNow() {
      await running
      await run()
    },
    async receive(page) {
      if (waitingPushes >= MAX_WAITING_PUSHES) {
        return { outcome: 'busy', size: (await store.catalog.state(origin)).size }
      }
      waitingPushes += 1
      try {
        return await receiveInTurn(page)
      } finally {
        waitingPushes -= 1
      }
    },
    async end() {
      controller.abort()
      cancelNext()
      await running
      await inTurn(async () => {})
    },
  }
}

/** Whether a pushed page shows that there is more than it brought, or less: it came late, or the log was rolled back. */
function isBehind(result: PageOutcome, page: JsonValue): boolean {
  if (result.outcome === 'applied') return result.size < result.headSize
  if (result.outcome !== 'not_at_start' || !isJsonObject(page)) return false
  const headSize = isJsonObject(page.head) ? Number(page.head.size) : result.size
  return Number(page.start) > result.size || headSize < result.size
}
