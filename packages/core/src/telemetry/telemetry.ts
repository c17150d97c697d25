import type { PageRefusalReason } from '../log/index.ts'
import type { Store } from '../store/index.ts'
import type { VerdictReason } from '../verify/index.ts'
import type { SpanAttributes } from './tracer.ts'

/** How entries of another server's catalog came here. */
export type PageSource = 'pull' | 'push' | 'listing'

/** Why a page was refused: for what it is, or for an object in it that is not authentic. */
export type RefusalReason = PageRefusalReason | Exclude<VerdictReason, 'authentic'>

/** How a transaction that was sent to a follower ended. */
export type PushOutcome = 'acknowledged' | 'not_at_start' | 'refused' | 'unreachable' | 'ended'

/** How far the catalog of a followed server has come here. */
export interface WatchedOrigin {
  readonly serverName: string
  readonly state: 'fresh' | 'stale' | 'behind' | 'incomplete' | 'forked'
  /** For how long entries of its newest known head have been missing here, in milliseconds; undefined before the first. */
  readonly lagMs?: number | undefined
}

/** What is looked at when somebody asks for the metrics. */
export interface WatchedState {
  readonly serverName: string
  readonly store: {
    readonly catalog: Pick<Store['catalog'], 'state' | 'count'>
    readonly followers: Pick<Store['followers'], 'count'>
  }
  /** The followed servers. They are chosen by the operator, so their names may be labels. */
  origins(): Promise<readonly WatchedOrigin[]>
  /** Whether the background work is this process's. */
  readonly isOnDuty: () => boolean
}

/** What the rooms tell about their work. They know no names of metrics; no name of a stranger becomes a label. */
export interface Telemetry {
  /** Objects of the server's own catalog were stored, signed, or removed. */
  published(count: { readonly puts: number; readonly deletes: number }): void
  /** A page of another server's catalog was stored. */
  pageApplied(source: PageSource, entries: number): void
  /** Objects were found authentic on another thread, where no verdict is counted. */
  objectsVerified(count: number): void
  /** A page was refused before anything of it was stored. */
  pageRefused(reason: RefusalReason): void
  /** A transaction to a follower had its answer. */
  pushed(outcome: PushOutcome): void
  /** Does the work in a span of its own, a child of the one that it is called in. */
  span<Result>(name: string, attributes: SpanAttributes, work: () => Promise<Result>): Promise<Result>
}

/** Tells nobody, and costs nothing. */
export const silentTelemetry: Telemetry = {
  published() {},
  pageApplied() {},
  objectsVerified() {},
  pageRefused() {},
  pushed() {},
  span: (_name, _attributes, work) => work(),
}
