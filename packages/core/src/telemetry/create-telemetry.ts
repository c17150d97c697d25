import type { HttpClient } from '../egress/index.ts'
import type { Witness } from '../keys/index.ts'
import type { Logger } from '../logger.ts'
import type { Verifier } from '../verify/index.ts'
import { createGauges } from './gauges.ts'
import { countAnswers, countRequests, countVerdicts, traceRequests } from './measured.ts'
import { createMetrics } from './metrics.ts'
import { addMetrics, type MetricsRegistry } from './registry.ts'
import { silentTelemetry, type Telemetry, type WatchedState } from './telemetry.ts'
import { inSpan, SPAN_KIND, type Tracer } from './tracer.ts'

/** Where the telemetry goes: nowhere, unless the site says so. */
export interface TelemetryOptions {
  readonly metrics: MetricsRegistry | undefined
  readonly tracer: Tracer | undefined
  readonly logger: Logger
}

/** The telemetry of a federation, with what only the one needs who puts the federation together. */
export interface FederationTelemetry extends Telemetry {
  /** The client, whose requests are measured from now on. */
  client(client: HttpClient): HttpClient
  /** The verifier, whose verdicts are counted from now on. */
  verifier(verifier: Verifier): Verifier
  /** The witness, whose answers are counted from now on. */
  witness(witness: Witness): Witness
  /** Lets sizes and states be read when somebody asks for the metrics. */
  watch(state: WatchedState): void
  /** Takes the metrics out of the registry. Calling it twice is fine. */
  close(): void
}

/**
 * Builds the telemetry of a federation.
 *
 * @throws FederationError `invalid_option` when the registry has the metrics of another federation.
 */
export function createTelemetry({ metrics: registry, tracer, logger }: TelemetryOptions): FederationTelemetry {
  const metrics = registry && createMetrics()
  const takeOut = registry && metrics ? [addMetrics(registry, metrics.all)] : []
  return {
    ...silentTelemetry,
    ...metrics?.told,
    ...(tracer && {
      span: (name, attributes, work) => inSpan(tracer, name, { kind: SPAN_KIND.internal, attributes }, work),
    }),
    client(client) {
      const counted = metrics ? countRequests(client, metrics) : client
      return tracer ? traceRequests(counted, tracer) : counted
    },
    verifier: (verifier) => (metrics ? countVerdicts(verifier, metrics) : verifier),
    witness: (witness) => (metrics ? countAnswers(witness, metrics) : witness),
    watch(state) {
      if (registry) takeOut.push(addMetrics(registry, createGauges(state, logger)))
    },
    close() {
      for (const remove of takeOut.splice(0)) remove()
    },
  }
}
