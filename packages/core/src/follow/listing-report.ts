import type { ObjectKind } from '../store/index.ts'

/** As often as heads of logs are polled (PROTOCOL section 10). */
const MIN_INTERVAL_MS = 5 * 60 * 1000

/**
 * A pass asks once for each series. So that a large catalog is no burden for its server, passes lie so far apart that
 * it is asked once in this time on average.
 */
const INTERVAL_A_REQUEST_MS = 250

/** What a pass over the listings of another server did. */
export interface ListingReport {
  /**
   * `complete`: the mirrored catalog is what the server lists, but for objects that were refused. `failed`: it is
   * mirrored as far as the pass came, and nothing was removed. `needs_confirmation`: all is mirrored, and the removals
   * wait for the operator's word.
   */
  readonly outcome: 'complete' | 'failed' | 'needs_confirmation'
  /** What happened and what to do, for the operator; undefined when all is well. */
  readonly message: string | undefined
  /** Objects that are new or changed. */
  readonly put: number
  readonly deleted: number
  /** Objects that are held and no longer listed. */
  readonly missing: number
  /** Listed objects that were left out: not authentic, not well formed, or older than what is held. */
  readonly refused: number
  readonly requests: number
  /** How long to wait before the next pass at least, in milliseconds. */
  readonly nextDelayMs: number
}

/** Counts what a pass does. */
export class ListingReportBuilder {
  put = 0
  deleted = 0
  missing = 0
  refused = 0
  requests = 0
  #firstRefusal: string | undefined

  /** Notes that an object was left out. */
  refuse(object: { readonly kind: ObjectKind; readonly id: string | undefined }, reason: string): void {
    this.refused += 1
    this.#firstRefusal ??= `${object.kind} ${object.id === undefined ? 'without an id' : JSON.stringify(object.id)}: ${reason}`
  }

  /** The report. Without words of its own it tells of what was left out. */
  finish(outcome: ListingReport['outcome'], message?: string): ListingReport {
    const { put, deleted, missing, refused, requests } = this
    const nextDelayMs = Math.max(MIN_INTERVAL_MS, requests * INTERVAL_A_REQUEST_MS)
    return { outcome, message: message ?? this.#leftOut(), put, deleted, missing, refused, requests, nextDelayMs }
  }

  #leftOut(): string | undefined {
    if (this.#firstRefusal === undefined) return undefined
    return `${this.refused} listed objects were left out; what was held of them stays. The first, ${this.#firstRefusal}`
  }
}
