/** The labels of one series of a metric. */
export type Labels = Readonly<Record<string, string>>

/** A value as a registry writes it: under its own name where that is not the metric's. */
interface Sample {
  readonly labels: Record<string, string | number>
  readonly value: number
  readonly metricName?: string
}

/** What a registry of prom-client asks a metric for, at each scrape. */
interface MetricSnapshot {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator: 'sum'
  readonly values: Sample[]
}

/**
 * A metric as `Registry.registerMetric` of prom-client takes it. Made here, so that a registry is all that a site has to
 * pass, whichever version of prom-client it has, and nothing has to be found and loaded.
 */
export interface Metric {
  /** Changed by a registry that writes OpenMetrics, which names counters without their `_total`. */
  name: string
  readonly type: string
  get(): Promise<MetricSnapshot>
  /** Begins at nothing again. */
  reset(): void
}

/** What only ever rises. */
export interface Counter extends Metric {
  /** @param by - 0 shows the series before anything happened: a rise from nothing would not be seen as one. */
  add(labels: Labels, by: number): void
}

/** How often something took how long. */
export interface Histogram extends Metric {
  observe(labels: Labels, value: number): void
}

/** One value of a gauge. */
export interface Reading {
  readonly labels: Labels
  readonly value: number
}

/** One series of a histogram. */
interface Distribution {
  readonly labels: Labels
  /** How many values were at most the bound at the same place, and above the bound before it. */
  readonly counts: number[]
  sum: number
  count: number
}

/** Builds a counter. */
export function createCounter(name: string, help: string): Counter {
  const series = new Map<string, { readonly labels: Labels; value: number }>()
  return {
    ...metric(name, help, 'counter', async () =>
      Array.from(series.values(), (one) => ({ ...one, ...copyLabels(one) })),
    ),
    add(labels, by) {
      const one = series.get(keyOf(labels))
      if (one) one.value += by
      else series.set(keyOf(labels), { labels, value: by })
    },
    reset() {
      for (const one of series.values()) one.value = 0
    },
  }
}

/**
 * Builds a gauge, which is read when somebody asks for it.
 *
 * @param read - rejects when there is nothing to read: the gauge has no values then.
 */
export function createGauge(name: string, help: string, read: () => Promise<readonly Reading[]>): Metric {
  return {
    ...metric(name, help, 'gauge', async () => (await read()).map((one) => ({ ...one, ...copyLabels(one) }))),
    reset() {},
  }
}

/**
 * Builds a histogram.
 *
 * @param bounds - upper ends of the buckets, rising; the last bucket has none.
 */
export function createHistogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const series = new Map<string, Distribution>()
  return {
    ...metric(name, help, 'histogram', async () =>
      Array.from(series.values(), (one) => samplesOf(name, bounds, one)).flat(),
    ),
    observe(labels, value) {
      const key = keyOf(labels)
      const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 }
      series.set(key, one)
      const bucket = bounds.findIndex((bound) => value <= bound)
      if (bucket >= 0) one.counts[bucket]! += 1
      one.sum += value
      one.count += 1
    },
    reset() {
      series.clear()
    },
  }
}

function metric(
  name: string,
  help: string,
  type: string,
  read: () => Promise<Sample[]>,
): Pick<Metric, 'name' | 'type' | 'get'> {
  return {
    name,
    type,
    async get() {
      return { name: this.name, help, type, aggregator: 'sum', values: await read() }
    },
  }
}

/** The samples of a histogram: its buckets, each with all that is below it, then the sum and the count. */
function samplesOf(name: string, bounds: readonly number[], { labels, counts, sum, count }: Distribution): Sample[] {
  let below = 0
  const buckets = bounds.map((bound, place) => {
    below += counts[place]!
    return { metricName: `${name}_bucket`, labels: { le: bound, ...labels }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
    { metricName: `${name}_sum`, labels: { ...labels }, value: sum },
    { metricName: `${name}_count`, labels: { ...labels }, value: count },
  ]
}

/** A registry adds its own labels to what it is given. */
function copyLabels({ labels }: { readonly labels: Labels }): { labels: Record<string, string> } {
  return { labels: { ...labels } }
}

/** Callers write a metric's labels in one order always. */
function keyOf(labels: Labels): string {
  return Object.values(labels).join('\n')
}
