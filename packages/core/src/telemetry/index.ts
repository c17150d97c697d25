export { createTelemetry, type FederationTelemetry, type TelemetryOptions } from './create-telemetry.ts'
export type { MetricsRegistry } from './registry.ts'
export {
  type PageSource,
  type PushOutcome,
  type RefusalReason,
  silentTelemetry,
  type Telemetry,
  type WatchedOrigin,
} from './telemetry.ts'
export type { Span, SpanAttributes, Tracer } from './tracer.ts'
