import type { FederationErrorCode } from '../errors.ts'
import type { VerdictReason } from '../verify/index.ts'
import { createCounter, createHistogram, type Metric } from './metric.ts'
import type { PageSource, PushOutcome, RefusalReason, Telemetry } from './telemetry.ts'

/** A request takes 10 s at most, and 60 s for a page of the log (PROTOCOL section 11); upper ends in seconds. */
const REQUEST_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Prometheus counts time in seconds. */
const MS_A_SECOND = 1000

/** All sources of pages. */
const SOURCES: readonly PageSource[] = ['pull', 'push', 'listing']

/** All ends of a push. */
const PUSH_OUTCOMES: readonly PushOutcome[] = ['acknowledged', 'not_at_start', 'refused', 'unreachable', 'ended']

/** All reasons why a page is refused. */
const REFUSAL_REASONS = Object.keys({
  bad_page: 0,
  wrong_start: 0,
  bad_head: 0,
  wrong_server: 0,
  future_head: 0,
  unsigned_head: 0,
  new_epoch: 0,
  rollback: 0,
  entries_missing: 0,
  beyond_head: 0,
  bad_header: 0,
  wrong_sequence: 0,
  bad_proof: 0,
  fork: 0,
  body_missing: 0,
  body_mismatch: 0,
  malformed: 0,
  unsigned: 0,
  bad_signature: 0,
  unknown_key: 0,
  key_not_valid_then: 0,
  unreachable: 0,
  key_conflict: 0,
  bad_origin: 0,
} satisfies Record<RefusalReason, 0>)

/** How a request to another server ended: the class of its status, or why there was no answer. */
export type RequestOutcome = `${number}xx` | FederationErrorCode

/** What the federation counts. */
export interface Metrics {
  /** What the rooms tell. */
  readonly told: Omit<Telemetry, 'span'>
  requested(outcome: RequestOutcome, durationMs: number): void
  verified(verdict: VerdictReason): void
  /** @param known - whether there was a document to answer with. */
  witnessed(known: boolean): void
  readonly all: readonly Metric[]
}

/** Builds the metrics that are counted. `docs/monitoring.md` lists them for people. */
export function createMetrics(): Metrics {
  const published = createCounter(
    'manga_federation_published_objects_total',
    'Changes of the own catalog: objects that were signed and stored, or removed',
  )
  const pages = createCounter('manga_federation_pages_applied_total', 'Pages of followed catalogs that were stored')
  const entries = createCounter('manga_federation_entries_applied_total', 'Changes of followed catalogs, stored')
  const refusals = createCounter('manga_federation_pages_refused_total', 'Pages of followed catalogs that were refused')
  const pushes = createCounter('manga_federation_pushes_total', 'Transactions that were sent to followers')
  const requests = createHistogram(
    'manga_federation_outbound_request_duration_seconds',
    'Time that requests to other servers took',
    REQUEST_BUCKETS_S,
  )
  const verifications = createCounter('manga_federation_verifications_total', 'Verdicts on objects and key documents')
  const answers = createCounter('manga_federation_witness_answers_total', 'Answers about the keys of other servers')

  // A series that begins with its first event shows no rise, and an alert on it stays silent.
  for (const operation of ['put', 'delete']) published.add({ operation }, 0)
  for (const source of SOURCES) pages.add({ source }, 0)
  for (const source of SOURCES) entries.add({ source }, 0)
  for (const reason of REFUSAL_REASONS) refusals.add({ reason }, 0)
  for (const outcome of PUSH_OUTCOMES) pushes.add({ outcome }, 0)

  return {
    told: {
      published({ puts, deletes }) {
        published.add({ operation: 'put' }, puts)
        published.add({ operation: 'delete' }, deletes)
      },
      pageApplied(source, count) {
        pages.add({ source }, 1)
        entries.add({ source }, count)
      },
      objectsVerified: (count) => verifications.add({ verdict: 'authentic' }, count),
      pageRefused: (reason) => refusals.add({ reason }, 1),
      pushed: (outcome) => pushes.add({ outcome }, 1),
    },
    requested: (outcome, durationMs) => requests.observe({ outcome }, durationMs / MS_A_SECOND),
    verified: (verdict) => verifications.add({ verdict }, 1),
    witnessed: (known) => answers.add({ outcome: known ? 'known' : 'unknown' }, 1),
    all: [published, pages, entries, refusals, pushes, requests, verifications, answers],
  }
}
