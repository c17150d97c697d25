import { FederationError } from '../errors.ts'
import type { Metric } from './metric.ts'

/** The part of a prom-client `Registry` that the federation uses; `register` of prom-client has it as it is. */
export interface MetricsRegistry {
  registerMetric(metric: { get(): Promise<object>; reset(): void }): void
  removeSingleMetric(name: string): void
}

/**
 * Adds metrics to a registry, all or none.
 *
 * @returns a function that takes them out again.
 * @throws FederationError `invalid_option` when the registry has metrics of these names.
 */
export function addMetrics(registry: MetricsRegistry, metrics: readonly Metric[]): () => void {
  // A registry of OpenMetrics renames its counters, and still knows them by these.
  const added: string[] = []
  const takeOut = (): void => added.forEach((name) => registry.removeSingleMetric(name))
  try {
    for (const metric of metrics) {
      registry.registerMetric(metric)
      added.push(metric.name)
    }
  } catch (cause) {
    takeOut()
    throw new FederationError(
      'invalid_option',
      'metrics: this registry has the metrics of a federation already. Give each federation a registry of its own, ' +
        'and close one before you start it anew.',
      { cause },
    )
  }
  return takeOut
}
