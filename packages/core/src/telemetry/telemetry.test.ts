import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { AggregatorRegistry, Counter, Gauge, Histogram, register, Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { readFile } from 'node:fs/promises'
import type { HttpClient } from '../egress/index.ts'
import { FederationError } from '../errors.ts'
import type { Witness } from '../keys/index.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { memoryStore } from '../store/index.ts'
import type { Verdict, Verifier } from '../verify/index.ts'
import {
  createTelemetry,
  type FederationTelemetry,
  type MetricsRegistry,
  silentTelemetry,
  type Tracer,
} from './index.ts'
import { createCounter, createGauge, createHistogram, type Metric } from './metric.ts'

const ORIGIN = 'https://origin.example/v1'
const DOCUMENT = new Uint8Array([1])

const verifier: Verifier = {
  verify: async (received) => verdict(received === null ? 'malformed' : 'authentic'),
  verifyAll: async (received) => received.map((one) => verdict(one === null ? 'malformed' : 'authentic')),
}

/** A client whose servers answer with the status in their path, or not at all. */
const client: HttpClient = {
  async request(_method, url) {
    const status = Number(new URL(url).pathname.slice(1))
    if (status > 0) return { status, headers: {}, body: DOCUMENT, url }
    throw new FederationError('too_slow', 'It took too long.')
  },
  stream: async (url) => ({ status: 200, headers: {}, body: DOCUMENT, url }),
  close: async () => {},
}

for (const type of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE]) {
  void t.test(`What a registry of prom-client writes as ${type} is what its own metrics would be`, async (t) => {
    const theirs = new Registry<typeof type>()
    const ours = new Registry<typeof type>()
    for (const registry of [theirs, ours]) registry.setContentType(type)
    const same = async (message: string): Promise<void> => {
      t.equal(withSortedLabels(await ours.metrics()), withSortedLabels(await theirs.metrics()), message)
    }
    const registers = [theirs]
    const buckets = [0.1, 1, 10]
    const hostile = { place: 'top "floor"\n\\' }

    const counter = new Counter({ name: 'seen_total', help: 'A \\ B', labelNames: ['a', 'b'], registers })
    const ownCounter = added(ours, createCounter('seen_total', 'A \\ B'))
    for (const [b, by] of [
      ['y', 1],
      ['z', 0],
      ['y', 2.5],
    ] as const) {
      counter.inc({ a: 'x', b }, by)
      ownCounter.add({ a: 'x', b }, by)
    }
    new Gauge({ name: 'level', help: 'How high', labelNames: ['place'], registers }).set(hostile, -1.5)
    added(
      ours,
      createGauge('level', 'How high', async () => [{ labels: hostile, value: -1.5 }]),
    )
    const histogram = new Histogram({ name: 'time_seconds', help: 'How long', labelNames: ['a'], buckets, registers })
    const ownHistogram = added(ours, createHistogram('time_seconds', 'How long', buckets))
    for (const [a, value] of [
      ['x', 0.1],
      ['x', 0.5],
      ['y', 100],
      ['x', 0],
    ] as const) {
      histogram.observe({ a }, value)
      ownHistogram.observe({ a }, value)
    }
    await same('as it is')

    for (const registry of [theirs, ours]) registry.setDefaultLabels({ site: 'one' })
    await same('with labels of the site’s own')
    const ofTwoProcesses = async (registry: typeof ours): Promise<string> => {
      const processes = [await registry.getMetricsAsJSON(), await registry.getMetricsAsJSON()]
      return withSortedLabels(await AggregatorRegistry.aggregate(processes).metrics())
    }
    t.equal(await ofTwoProcesses(ours), await ofTwoProcesses(theirs), 'of two processes together')
    for (const registry of [theirs, ours]) registry.resetMetrics()
    t.match(await ours.metrics(), '{a="x",b="y",site="one"} 0', 'begun anew')
  })
}

void t.test('What the rooms tell is counted, and no label is a name that a stranger chose', async (t) => {
  const { telemetry, lines } = measured(t)
  const atFirst = await lines()
  for (const line of [
    'manga_federation_pages_refused_total{reason="fork"} 0',
    'manga_federation_pages_refused_total{reason="bad_signature"} 0',
    'manga_federation_pushes_total{outcome="ended"} 0',
  ]) {
    t.ok(atFirst.includes(line), line)
  }
  telemetry.published({ puts: 3, deletes: 1 })
  telemetry.published({ puts: 2, deletes: 0 })
  telemetry.pageApplied('pull', 256)
  telemetry.pageApplied('pull', 4)
  telemetry.pageApplied('push', 1)
  telemetry.pageRefused('fork')
  telemetry.pushed('not_at_start')
  for (const path of ['200', '204', '304', '503', '0']) {
    await telemetry
      .client(client)
      .request('GET', `https://stranger.example/${path}`, { maxBytes: 1 })
      .catch(() => {})
  }
  await telemetry.verifier(verifier).verify(null)
  await telemetry.verifier(verifier).verifyAll([null, 1, 2])
  t.equal(await witnessed(telemetry, 'at hand'), DOCUMENT)
  t.equal(await witnessed(telemetry, 'asked'), DOCUMENT)
  t.equal(await witnessed(telemetry, 'nobody'), undefined)
  const written = await lines()
  for (const line of [
    'manga_federation_published_objects_total{operation="put"} 5',
    'manga_federation_published_objects_total{operation="delete"} 1',
    'manga_federation_pages_applied_total{source="pull"} 2',
    'manga_federation_entries_applied_total{source="pull"} 260',
    'manga_federation_entries_applied_total{source="push"} 1',
    'manga_federation_entries_applied_total{source="listing"} 0',
    'manga_federation_pages_refused_total{reason="fork"} 1',
    'manga_federation_pushes_total{outcome="not_at_start"} 1',
    'manga_federation_outbound_request_duration_seconds_count{outcome="2xx"} 2',
    'manga_federation_outbound_request_duration_seconds_count{outcome="3xx"} 1',
    'manga_federation_outbound_request_duration_seconds_count{outcome="5xx"} 1',
    'manga_federation_outbound_request_duration_seconds_count{outcome="too_slow"} 1',
    'manga_federation_verifications_total{verdict="malformed"} 2',
    'manga_federation_verifications_total{verdict="authentic"} 2',
    'manga_federation_witness_answers_total{outcome="known"} 2',
    'manga_federation_witness_answers_total{outcome="unknown"} 1',
  ]) {
    t.ok(written.includes(line), line)
  }
  t.notMatch(written.join('\n'), 'stranger')
})

void t.test('An answer that is at hand is given at once also when it is counted', (t) => {
  const answer = measured(t)
    .telemetry.witness(witness)
    .witness('at hand', { allow: () => undefined })
  t.equal(answer, DOCUMENT)
  t.end()
})

void t.test('Sizes, followers and the state of each followed server are read when somebody asks', async (t) => {
  const { telemetry, lines } = measured(t)
  const store = memoryStore()
  t.teardown(() => store.close())
  const origins = [
    { serverName: ORIGIN, state: 'behind', lagMs: 1500 },
    { serverName: 'https://new.example/v1', state: 'incomplete' },
  ] as const
  telemetry.watch({ serverName: 'https://own.example/v1', store, isOnDuty: () => true, origins: async () => origins })
  const written = await lines()
  for (const line of [
    'manga_federation_catalog_objects{kind="series"} 0',
    'manga_federation_catalog_objects{kind="chapter"} 0',
    'manga_federation_log_entries 0',
    'manga_federation_followers 0',
    'manga_federation_background_work 1',
    `manga_federation_origin_lag_seconds{origin="${ORIGIN}"} 1.5`,
    `manga_federation_origin_state{origin="${ORIGIN}",state="behind"} 1`,
    `manga_federation_origin_state{origin="${ORIGIN}",state="fresh"} 0`,
  ]) {
    t.ok(written.includes(line), line)
  }
  t.notOk(written.some((line) => line.startsWith('manga_federation_origin_lag_seconds{origin="https://new.example')))
})

void t.test('The documentation lists every metric with its kind, and every reason for a refusal', async (t) => {
  const { telemetry, lines } = measured(t)
  telemetry.watch({ serverName: ORIGIN, store: memoryStore(), isOnDuty: () => true, origins: async () => [] })
  const documentation = await readFile(new URL('../../../../docs/monitoring.md', import.meta.url), 'utf8')
  const written = (await lines()).join('\n')
  const inTable = Array.from(documentation.matchAll(/^\| `(manga_federation_\w+)` +\| (\w+)/gm), ([, name, kind]) => [
    name,
    kind,
  ])
  const inRegistry = Array.from(written.matchAll(/^# TYPE (\w+) (\w+)/gm), ([, name, kind]) => [name, kind])
  t.strictSame(new Map(inTable as [string, string][]), new Map(inRegistry as [string, string][]))
  for (const [, reason = ''] of written.matchAll(/reason="(\w+)"/g)) t.match(documentation, `\`${reason}\``)
})

void t.test('A store that fails costs its own metrics, and none of the site’s', async (t) => {
  const warnings: string[] = []
  const registry = new Registry()
  new Counter({ name: 'visits', help: 'Visits', registers: [registry] }).inc()
  const { telemetry } = measured(t, registry, { ...silentLogger, warn: (_, message) => warnings.push(message) })
  const fails = (): Promise<never> => Promise.reject(new Error('The disk is gone'))
  const store = { catalog: { count: fails, state: fails }, followers: { count: fails } }
  telemetry.watch({ serverName: ORIGIN, store, isOnDuty: () => true, origins: fails })
  t.match(await registry.metrics(), 'visits 1')
  t.match(warnings, ['The metric manga_federation_catalog_objects cannot be read: The disk is gone'])
})

void t.test('A registry is given back as it was, and serves one federation at a time', async (t) => {
  const { telemetry } = measured(t, register)
  const store = memoryStore()
  telemetry.watch({ serverName: ORIGIN, store, isOnDuty: () => true, origins: async () => [] })
  t.throws(() => measured(t, register), { code: 'invalid_option', message: /metrics: this registry .* already/ })
  register.resetMetrics()
  t.match(await register.metrics(), 'manga_federation_log_entries')
  telemetry.close()
  telemetry.close()
  t.notMatch(await register.metrics(), 'manga_federation')
  t.doesNotThrow(() => measured(t, register))
})

void t.test('Work is traced by the tracer of the site, and why it failed', async (t) => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const manager = new AsyncLocalStorageContextManager()
  context.setGlobalContextManager(manager.enable())
  t.teardown(() => context.disable())
  const tracer: Tracer = provider.getTracer('site')
  const telemetry = createTelemetry({ metrics: undefined, tracer, logger: silentLogger })
  const requests = telemetry.client(client)
  const ask = (path: string): Promise<unknown> =>
    telemetry.span('manga_federation.follow', { 'manga_federation.origin': ORIGIN }, () =>
      requests.request('GET', `${new URL(ORIGIN).origin}/${path}`, { maxBytes: 1 }),
    )
  await ask('200')
  await t.rejects(ask('0'), { code: 'too_slow' })
  const [request, follow, failedRequest, failed] = exporter.getFinishedSpans()
  t.match(request, {
    name: 'GET',
    kind: SpanKind.CLIENT,
    attributes: { 'http.request.method': 'GET', 'server.address': 'origin.example', 'http.response.status_code': 200 },
    parentSpanContext: { spanId: follow?.spanContext().spanId },
  })
  t.match(follow, {
    name: 'manga_federation.follow',
    kind: SpanKind.INTERNAL,
    attributes: { 'manga_federation.origin': ORIGIN },
    status: { code: SpanStatusCode.UNSET },
  })
  for (const span of [failedRequest, failed]) {
    t.match(span?.status, { code: SpanStatusCode.ERROR, message: 'It took too long.' })
    t.match(span?.events[0]?.attributes, { 'exception.message': 'It took too long.' })
  }
  t.equal(trace.getActiveSpan(), undefined)
})

void t.test('Without a registry and a tracer nothing is put around the work', async (t) => {
  const telemetry = createTelemetry({ metrics: undefined, tracer: undefined, logger: silentLogger })
  t.equal(telemetry.client(client), client)
  t.equal(telemetry.verifier(verifier), verifier)
  t.equal(telemetry.witness(witness), witness)
  t.equal(telemetry.span, silentTelemetry.span)
  const work = Promise.resolve(1)
  t.equal(
    telemetry.span('name', {}, () => work),
    work,
  )
  telemetry.published({ puts: 1, deletes: 0 })
  telemetry.pageApplied('pull', 1)
  telemetry.pageRefused('fork')
  telemetry.pushed('ended')
  telemetry.watch({ serverName: ORIGIN, store: memoryStore(), isOnDuty: () => true, origins: async () => [] })
  telemetry.close()
})

const witness: Witness = {
  witness(serverName) {
    if (serverName === 'at hand') return DOCUMENT
    return Promise.resolve(serverName === 'asked' ? DOCUMENT : undefined)
  },
}

function witnessed(telemetry: FederationTelemetry, serverName: string): ReturnType<Witness['witness']> {
  return telemetry.witness(witness).witness(serverName, { allow: () => undefined })
}

function verdict(reason: 'authentic' | 'malformed'): Verdict {
  return {
    authentic: reason === 'authentic',
    reason,
    message: '',
    serverName: undefined,
    madeTs: undefined,
    evidence: [],
  }
}

/** Telemetry into a registry, and what that writes, line by line. */
function measured(
  t: Test,
  registry: MetricsRegistry & { metrics(): Promise<string> } = new Registry(),
  logger: Logger = silentLogger,
): { telemetry: FederationTelemetry; lines: () => Promise<string[]> } {
  const telemetry = createTelemetry({ metrics: registry, tracer: undefined, logger })
  t.teardown(() => telemetry.close())
  return { telemetry, lines: async () => (await registry.metrics()).split('\n') }
}

function added<Added extends Metric>(registry: MetricsRegistry, metric: Added): Added {
  registry.registerMetric(metric)
  return metric
}

/** The order of labels means nothing. */
function withSortedLabels(text: string): string {
  return text.replace(/\{(.*)\}/g, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`)
}
