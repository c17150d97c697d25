import fc from 'fast-check'
import t from 'tap'
import { importPublicKey, importSigningKey } from '../crypto/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, parseStrict, verifyObject } from '../json/index.ts'
import type { Logger } from '../logger.ts'
import { silentLogger } from '../logger.ts'
import { openOwnLog } from '../log/index.ts'
import { memoryStore, type ObjectKind, type Store } from '../store/index.ts'
import { silentTelemetry } from '../telemetry/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { type RepublishChange, runCatalog, type RunningCatalog } from './catalog.ts'
import type { CatalogRepository } from './records.ts'
import type { PublishReport } from './report.ts'
import { type TestRepository, testRepository } from './test-repository.ts'

const serverName = 'https://manga.example.com/v1'
const signingKey = importSigningKey(new Uint8Array(32).fill(7))
const key = {
  keyId: 'ed25519:test',
  signingKey,
  publicKeyBase64: encodeBase64(signingKey.publicKey),
  expiredTs: undefined,
}
const keys = { active: () => [key] }

interface Site {
  readonly catalog: RunningCatalog
  readonly store: Store
  readonly environment: ManualEnvironment
  readonly warnings: { details: object; message: string }[]
}

async function run(repository: CatalogRepository, store: Store = memoryStore()): Promise<Site> {
  const environment = manualEnvironment()
  const warnings: Site['warnings'] = []
  const note = (details: object, message: string): void => void warnings.push({ details, message })
  const logger: Logger = { ...silentLogger, warn: note, error: note }
  const log = await openOwnLog({ serverName, store, keys, firstEpoch: 1, environment, logger })
  // Its timers are not what these tests count.
  await log.stop()
  const catalog = runCatalog({
    serverName,
    repository,
    store: store.catalog,
    log,
    keys,
    isOnDuty: () => true,
    committed: () => undefined,
    telemetry: silentTelemetry,
    environment,
    logger,
  })
  return { catalog, store, environment, warnings }
}

async function published(store: Store, kind: ObjectKind, id: string): Promise<JsonObject | undefined> {
  const bytes = await store.catalog.get(serverName, kind, id)
  return bytes && (parseStrict(bytes) as JsonObject)
}

async function allIds(store: Store, kind: ObjectKind): Promise<string[]> {
  const page = await store.catalog.list({ origin: serverName, kind, limit: 1000 })
  return page.map(({ id }) => id)
}

t.test('the first pass publishes everything, and a second one signs nothing again', async (t) => {
  const { catalog, store } = await run(testRepository(250))
  t.match(await catalog.reconcile(), { outcome: 'complete', published: 750, removed: 0, unchanged: 0, problemCount: 0 })
  t.match(await published(store, 'series', 's7'), { id: 's7', server: serverName, revision: 1 })
  t.match(await catalog.reconcile(), { outcome: 'complete', published: 0, unchanged: 750 })
  t.match(await catalog.status(), { series: 250, chapters: 500, reconciling: false, lastReconcile: { unchanged: 750 } })
  await catalog.stop()
})

t.test('a change is published with a higher revision, also when the id was deleted in between', async (t) => {
  const repository = testRepository(1)
  const { catalog, store, environment } = await run(repository)
  await catalog.reconcile()
  await environment.advance(1000)
  repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Renamed' } } })
  t.match(await catalog.changed({ series: ['s1'] }), { published: 1, removed: 0, unchanged: 0 })
  t.match(await published(store, 'series', 's1'), { revision: 2, updated_ts: environment.now() })

  repository.series.delete('s1')
  t.match(await catalog.changed({ series: ['s1'] }), { removed: 1 })
  t.equal(await published(store, 'series', 's1'), undefined)
  repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Back' } } })
  await catalog.changed({ series: ['s1'] })
  t.match(await published(store, 'series', 's1'), { revision: 3 })
  t.match(await catalog.changed({ series: ['s1', 'never-existed'] }), { published: 0, removed: 0, unchanged: 1 })
  await catalog.stop()
})

t.test('when a series goes, its chapters are looked at again', async (t) => {
  const repository = testRepository(3)
  const { catalog, store } = await run(repository)
  await catalog.reconcile()
  repository.series.delete('s2')
  repository.chapters.delete('s2-1')
  t.match(await catalog.changed({ series: ['s2'] }), { removed: 2 })
  t.same(await allIds(store, 'chapter'), ['s1-1', 's1-1.5', 's2-1.5', 's3-1', 's3-1.5'])
  await catalog.stop()
})

t.test('a burst of changes shares transactions and every caller gets the report of its batch', async (t) => {
  const repository = testRepository(0)
  const { catalog, store } = await run(repository)
  await catalog.reconcile()
  const reports = Array.from({ length: 1000 }, (_, number) => {
    const id = `s${number}`
    repository.series.set(id, { id, metadata: { en: { title: id } } })
    return catalog.changed({ series: [id] })
  })
  const [first, ...others] = await Promise.all(reports)
  t.equal(first?.published, 1000)
  t.ok(others.every((report) => report === first))
  t.equal((await store.catalog.state(serverName)).size, 1000)
  await catalog.stop()
})

t.test('what the site forgot to tell is found by reconcile, deletions included', async (t) => {
  const repository = testRepository(20)
  const { catalog, store } = await run(repository)
  await catalog.reconcile()
  repository.series.set('s3', { id: 's3', metadata: { en: { title: 'Quietly renamed' } } })
  repository.chapters.delete('s4-1')
  t.match(await catalog.reconcile(), { outcome: 'complete', published: 1, removed: 1, unchanged: 58, missing: 1 })
  t.match(await published(store, 'series', 's3'), { metadata: { en: { title: 'Quietly renamed' } } })
  t.equal(await published(store, 'chapter', 's4-1'), undefined)
  await catalog.stop()
})

t.test('a reconciled catalog is exactly what the repository has, whatever happened before', async (t) => {
  const operation = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    title: fc.option(fc.constantFrom('x', 'y', 'z')),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ operation, told: fc.boolean() }), { maxLength: 30 }), async (steps) => {
      const repository = testRepository(0)
      const { catalog, store } = await run(repository)
      for (const {
        operation: { id, title },
        told,
      } of steps) {
        if (title === null) repository.series.delete(id)
        else repository.series.set(id, { id, metadata: { en: { title } } })
        if (told) void catalog.changed({ series: [id] })
      }
      await catalog.reconcile({ confirmRemoval: true })
      const ids = await allIds(store, 'series')
      const titles = await Promise.all(ids.map(async (id) => (await published(store, 'series', id))?.metadata))
      t.same(
        new Map(ids.map((id, index) => [id, titles[index]])),
        new Map(
          [...repository.series]
            .map(([id, record]) => [id, record.metadata] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        ),
      )
      await catalog.stop()
    }),
    { numRuns: 30 },
  )
})

t.test('a pass that would remove more than a fifth of the catalog waits for the operator’s word', async (t) => {
  const cases = [
    { series: 100, removed: 60, outcome: 'complete', why: '60 of 300 are a fifth' },
    { series: 100, removed: 61, outcome: 'needs_confirmation', why: '61 of 300 are more' },
    { series: 17, removed: 50, outcome: 'complete', why: '50 objects may always go' },
    { series: 17, removed: 51, outcome: 'needs_confirmation', why: '51 of 51 may not' },
  ]
  for (const { series, removed, outcome, why } of cases) {
    const repository = testRepository(series)
    const { catalog, store, warnings } = await run(repository)
    await catalog.reconcile()
    const victims = [...repository.chapters.keys(), ...repository.series.keys()].slice(0, removed)
    for (const id of victims) {
      repository.series.delete(id)
      repository.chapters.delete(id)
    }
    const report = await catalog.reconcile()
    t.equal(report.outcome, outcome, why)
    t.equal(report.missing, removed)
    if (outcome === 'needs_confirmation') {
      t.equal(report.removed, 0)
      t.match(report.message, `no longer lists ${removed} of ${series * 3} published objects`)
      t.match(warnings.at(-1)?.message, /confirmRemoval: true/)
      t.match(await catalog.reconcile({ confirmRemoval: true }), { outcome: 'complete', removed })
    }
    t.equal(
      (await allIds(store, 'series')).length + (await store.catalog.count(serverName, 'chapter')),
      series * 3 - removed,
    )
    await catalog.stop()
  }
})

t.test(
  'a pass that fails half way removes nothing, keeps what it published, and is tried again by itself',
  async (t) => {
    const repository = testRepository(200)
    const { catalog, store, environment, warnings } = await run(repository)
    await catalog.reconcile()
    repository.series.delete('s1')
    repository.series.set('s2', { id: 's2', metadata: { en: { title: 'New title' } } })
    const { listChapters } = repository
    repository.listChapters = async () => Promise.reject(new Error('connection lost'))
    t.match(await catalog.reconcile(), {
      outcome: 'failed',
      removed: 0,
      published: 1,
      message: 'listChapters failed: connection lost',
    })
    t.equal((await allIds(store, 'series')).length, 200)
    t.match(warnings.at(-1)?.message, 'connection lost')
    repository.listChapters = listChapters
    await environment.advance(60_000)
    await catalog.reconcile()
    t.equal(await published(store, 'series', 's1'), undefined)
    await catalog.stop()
  },
)

t.test('the listing is compared again once a day', async (t) => {
  const repository = testRepository(1)
  const { catalog, store, environment } = await run(repository)
  await catalog.reconcile()
  repository.series.set('s9', { id: 's9', metadata: { en: { title: 'Forgotten' } } })
  await environment.advance(24 * 60 * 60 * 1000)
  await catalog.reconcile()
  t.ok(await published(store, 'series', 's9'))
  await catalog.stop()
  t.equal(environment.waiting, 0, 'nothing is left behind')
})

t.test('a record that cannot be signed is reported with its id, and the rest is published', async (t) => {
  const repository = testRepository(2)
  const bad: unknown[] = [
    { id: 'bad-sort', seriesId: 's1', metadata: { en: { title: 'x', sort_id: 1.5 } } },
    { id: 'bad-text', seriesId: 's1', metadata: { en: { title: 'x\udc00' } } },
    { id: 'bad-locale', seriesId: 's1', metadata: { en_US: { title: 'x' } } },
    { id: 'bad-images', seriesId: 's1', metadata: { en: { title: 'x' } }, images: 'ipfs://nope' },
    { id: 'too-large', seriesId: 's1', metadata: { en: { title: 'x'.repeat(70_000) } } },
    { id: 42, seriesId: 's1', metadata: { en: { title: 'x' } } },
    null,
  ]
  const { listChapters } = repository
  repository.listChapters = async (page) => {
    const { items } = await listChapters(page)
    return { items: [...bad.slice(0, 3), ...items, ...bad.slice(3)] as typeof items }
  }
  const { catalog, store, warnings } = await run(repository)
  const report = await catalog.reconcile()
  t.match(report, { outcome: 'complete', published: 6, problemCount: bad.length })
  t.same(
    report.problems.map(({ id }) => id).sort(),
    [
      'bad-images',
      'bad-locale',
      'bad-sort',
      'bad-text',
      'item 9 of its page: 42',
      'item 10 of its page: undefined',
      'too-large',
    ].sort(),
  )
  t.match(warnings.at(-1), { details: { problemCount: 7 }, message: /could not be published/ })
  t.equal(await store.catalog.count(serverName, 'chapter'), 4)
  await catalog.stop()
})

t.test('a published object whose record becomes wrong stays as it was', async (t) => {
  const repository = testRepository(1)
  const { catalog, store } = await run(repository)
  await catalog.reconcile()
  repository.series.set('s1', { id: 's1', metadata: { en: { title: '' } } })
  t.match(await catalog.reconcile(), { outcome: 'complete', problemCount: 1, removed: 0 })
  t.match(await catalog.changed({ series: ['s1'] }), { problemCount: 1, removed: 0 })
  t.match(await published(store, 'series', 's1'), { revision: 1, metadata: { en: { title: 'Series 1' } } })
  await catalog.stop()
})

t.test('an id that is listed twice is reported, and its first record is published', async (t) => {
  const repository = testRepository(1)
  const { listSeries } = repository
  repository.listSeries = async (page) => {
    const { items } = await listSeries(page)
    return { items: [...items, { id: 's1', metadata: { en: { title: 'Second' } } }] }
  }
  const { catalog, store } = await run(repository)
  t.match(await catalog.reconcile(), { outcome: 'complete', problems: [{ id: 's1', message: /more than once/ }] })
  t.match(await published(store, 'series', 's1'), { metadata: { en: { title: 'Series 1' } } })
  await catalog.stop()
})

t.test('a change whose record cannot be read is tried again until it can', async (t) => {
  const repository = testRepository(1)
  const { catalog, store, environment } = await run(repository)
  await catalog.reconcile()
  const { getSeries } = repository
  repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Later' } } })
  repository.getSeries = () => {
    throw new Error('database is locked')
  }
  const report = await catalog.changed({ series: ['s1'] })
  t.match(report, { published: 0, problems: [{ id: 's1', message: /database is locked; it is tried again soon/ }] })
  await environment.advance(1000)
  await catalog.changed({})
  repository.getSeries = getSeries
  await environment.advance(2000)
  await catalog.changed({})
  t.match(await published(store, 'series', 's1'), { metadata: { en: { title: 'Later' } } })
  await catalog.stop()
})

t.test('changes that fail one after the other are all tried again', async (t) => {
  const repository = testRepository(3)
  const { catalog, store, environment } = await run(repository)
  await catalog.reconcile()
  const { commit } = store.catalog
  store.catalog.commit = async () => Promise.reject(new Error('disk full'))
  for (const id of ['s1', 's2', 's3']) {
    repository.series.set(id, { id, metadata: { en: { title: 'Renamed' } } })
    t.match(await catalog.changed({ series: [id] }), { published: 0, problemCount: 1 })
  }
  store.catalog.commit = commit
  await environment.advance(60_000)
  await catalog.changed({})
  for (const id of ['s1', 's2', 's3']) t.match(await published(store, 'series', id), { revision: 2 }, id)
  await catalog.stop()
})

t.test('wrong answers of a repository are named, and the published catalog stays', async (t) => {
  const wrong: [string, Partial<Record<keyof CatalogRepository, unknown>>, RegExp][] = [
    ['no page', { listSeries: async () => [] }, /must return \{ items/],
    ['no promise', { listSeries: () => null }, /must return \{ items/],
    ['a number as next', { listSeries: async () => ({ items: [], next: 5 }) }, /next must be text/],
    ['its own cursor again', { listSeries: async ({ cursor = 'a' }) => ({ items: [], next: cursor }) }, /never ends/],
    ['empty pages for ever', { listSeries: endless() }, /101 pages without anything new/],
    ['a rejection with no error', { listSeries: async () => Promise.reject('just text') }, /just text/],
  ]
  for (const [what, overrides, message] of wrong) {
    const repository = testRepository(2)
    const { catalog, store } = await run(repository)
    await catalog.reconcile()
    Object.assign(repository, overrides)
    const report = await catalog.reconcile()
    t.match(report, { outcome: 'failed', removed: 0, message }, what)
    t.equal((await allIds(store, 'series')).length, 2)
    await catalog.stop()
  }
  const repository = testRepository(2)
  const { catalog } = await run({ ...repository, getSeries: async () => repository.series.get('s2') })
  await catalog.reconcile()
  t.match(await catalog.changed({ series: ['s1'] }), {
    problems: [{ message: /asked for "s1" and returned another record/ }],
  })
  t.match(await catalog.changed({ series: [5 as unknown as string] }), {
    problems: [{ message: /write String\(id\)/ }],
  })
  await catalog.stop()
})

function endless(): () => Promise<unknown> {
  let page = 0
  return async () => ({ items: [], next: String((page += 1)) })
}

t.test('a repository that never answers does not stop publishing for ever, nor closing', async (t) => {
  const hangs: TestRepository = testRepository(1)
  hangs.listSeries = () => new Promise(() => undefined)
  const slow = await run(hangs)
  const pass = slow.catalog.reconcile()
  await slow.environment.advance(60_000)
  t.match(await pass, { outcome: 'failed', message: 'listSeries failed: no answer within 60 seconds' })
  await slow.catalog.stop()

  const closing = await run(hangs)
  const stuck = closing.catalog.reconcile()
  await closing.environment.yieldToOthers()
  await closing.catalog.stop()
  t.match(await stuck, { outcome: 'failed', message: /closing/ })
  t.equal(closing.environment.waiting, 0)
})

t.test('two processes that publish into one store never fork the catalog', async (t) => {
  const store = memoryStore()
  const repository = testRepository(40)
  const [one, two] = await Promise.all([run(repository, store), run(repository, store)])
  await Promise.all([one.catalog.reconcile(), two.catalog.reconcile()])
  const { size } = await store.catalog.state(serverName)
  t.equal(size, 120, 'every object was signed once')
  t.match(await published(store, 'series', 's1'), { revision: 1 })
  await Promise.all([one.catalog.stop(), two.catalog.stop()])
})

t.test('what one process read earlier never takes the place of what another one published since', async (t) => {
  const ways: [string, (catalog: RunningCatalog) => Promise<unknown>][] = [
    ['a change', (catalog) => catalog.changed({ series: ['s1'] })],
    ['a pass', (catalog) => catalog.reconcile()],
  ]
  const titles: [string, read: string | undefined, newest: string | undefined][] = [
    ['a newer title', 'Older', 'Newer'],
    ['a deletion', 'Older', undefined],
    ['what came back', undefined, 'Newer'],
  ]
  for (const [way, publish] of ways) {
    for (const [what, read, newest] of titles) {
      const store = memoryStore()
      const repository = testRepository(150)
      const rename = (title: string | undefined): unknown =>
        title === undefined
          ? repository.series.delete('s1')
          : repository.series.set('s1', { id: 's1', metadata: { en: { title } } })
      const held = holdable(repository)
      const [slow, fast] = [await run(held, store), await run(repository, store)]
      await Promise.all([slow.catalog.reconcile(), fast.catalog.reconcile()])

      rename(read)
      const { whenRead, release } = held.hold()
      const publishing = publish(slow.catalog)
      await whenRead
      rename(newest)
      await fast.catalog.changed({ series: ['s1'] })
      release()
      await publishing
      const object = await published(store, 'series', 's1')
      t.equal((object?.metadata as { en: JsonObject } | undefined)?.en.title, newest, `${way} is older than ${what}`)
      await Promise.all([slow.catalog.stop(), fast.catalog.stop()])
    }
  }
})

/** A repository that keeps its next answer about the first series to itself for a while. */
function holdable(repository: CatalogRepository): CatalogRepository & {
  hold(): { readonly whenRead: Promise<void>; readonly release: () => void }
} {
  let pass = async <T>(answer: T): Promise<T> => answer
  return {
    ...repository,
    getSeries: async (id) => {
      const record = await repository.getSeries(id)
      return id === 's1' ? pass(record) : record
    },
    listSeries: async (page) => pass(await repository.listSeries(page)),
    hold() {
      let release = (): void => {}
      const released = new Promise<void>((resolve) => (release = resolve))
      const whenRead = new Promise<void>((resolve) => {
        pass = async (answer) => {
          pass = async (later) => later
          resolve()
          await released
          return answer
        }
      })
      return { whenRead, release }
    },
  }
}

t.test('a store that fails is reported and publishing goes on when it is back', async (t) => {
  const store = memoryStore()
  const repository = testRepository(1)
  const { catalog, environment } = await run(repository, store)
  await catalog.reconcile()
  const { commit } = store.catalog
  store.catalog.commit = async () => Promise.reject(new Error('disk full'))
  repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Renamed' } } })
  t.match(await catalog.changed({ series: ['s1'] }), { published: 0, problems: [{ message: /disk full/ }] })
  store.catalog.commit = commit
  await environment.advance(1000)
  await catalog.changed({})
  t.match(await published(store, 'series', 's1'), { revision: 2 })
  await catalog.stop()
})

const releaseServer = 'https://release.example.com/v1'

/** A chapter as another server signed it; nobody here checks its signatures. */
function releasedChapter(title: string, description = ''): JsonObject {
  return {
    id: 'c1',
    server: releaseServer,
    series_id: 's1',
    metadata: { en: { title, sort_id: 1000, alternative_titles: ['Another'], description }, ja: { title: 5 } },
    signing_keys: { 'ed25519:theirs': 'key' },
    signatures: { 'ed25519:theirs': 'signature' },
  }
}

const republished = (origin: JsonObject, id = 'm-c1'): RepublishChange => ({
  puts: [{ kind: 'chapter', id, seriesId: 'm-s1', mirrorOf: releaseServer, origin }],
  gone: [],
})

t.test(
  'what a mirror publishes anew wraps the other server’s object, and is signed only when that changes',
  async (t) => {
    const { catalog, store } = await run(testRepository(0))
    await catalog.reconcile()
    const origin = releasedChapter('Released')
    await catalog.republish(republished(origin))
    const object = await published(store, 'chapter', 'm-c1')
    t.match(object, { id: 'm-c1', server: serverName, series_id: 'm-s1', revision: 1, metadata: origin.metadata })
    t.same(object?.origin, origin, 'unchanged')
    t.same(verifyObject(object!, new Map([[key.keyId, importPublicKey(signingKey.publicKey)]])), {
      verified: true,
      good: [key.keyId],
    })
    t.same(await store.catalog.get(serverName, 'chapter', 'm-c1'), encodeCanonical(object), 'in canonical form')
    const found = await store.catalog.list({ origin: serverName, kind: 'chapter', search: 'another', limit: 9 })
    t.same(
      found.map(({ id }) => id),
      ['m-c1'],
      'and is found by its titles',
    )
    await catalog.republish(republished(origin))
    t.match(await published(store, 'chapter', 'm-c1'), { revision: 1 })
    await catalog.republish(republished(releasedChapter('Corrected')))
    t.match(await published(store, 'chapter', 'm-c1'), { revision: 2, metadata: { en: { title: 'Corrected' } } })
    await catalog.republish({ puts: [], gone: [{ kind: 'chapter', id: 'm-c1' }] })
    t.equal(await published(store, 'chapter', 'm-c1'), undefined)
    t.equal((await store.catalog.state(serverName)).size, 3, 'each change is one entry of the log')
    await catalog.stop()
  },
)

t.test(
  'a wrapped object may be as large as one is without what it wraps; what cannot be wrapped is logged',
  async (t) => {
    const { catalog, store, warnings } = await run(testRepository(0))
    await catalog.reconcile()
    await catalog.republish(republished(releasedChapter('Long', 'x'.repeat(60_000))))
    t.ok(await published(store, 'chapter', 'm-c1'))
    t.same(warnings, [])
    await catalog.republish(republished(releasedChapter('Longer', 'x'.repeat(66_000)), 'm-c2'))
    await catalog.republish(republished({ id: 'c3' }, 'm-c3'))
    t.match(
      warnings.flatMap(({ details }) => (details as PublishReport).problems),
      [
        { id: 'm-c2', message: /bytes long once signed/ },
        { id: 'm-c3', message: /has no metadata/ },
      ],
    )
    t.equal(await store.catalog.count(serverName, 'chapter'), 1)
    await catalog.stop()
  },
)

t.test('reconciling leaves alone what is published anew, and is braked by the site’s own objects alone', async (t) => {
  const repository = testRepository(20)
  const { catalog, store } = await run(repository)
  await catalog.reconcile()
  const puts = Array.from({ length: 500 }, (_, number) => republished(releasedChapter('x'), `m-${number}`).puts).flat()
  await catalog.republish({ puts, gone: [] })
  t.match(await catalog.reconcile(), { outcome: 'complete', removed: 0, unchanged: 60, missing: 0 })
  for (const id of [...repository.chapters.keys(), ...repository.series.keys()].slice(0, 55)) {
    repository.series.delete(id)
    repository.chapters.delete(id)
  }
  t.match(await catalog.reconcile(), { outcome: 'needs_confirmation', missing: 55, message: /55 of 60/ })
  await catalog.reconcile({ confirmRemoval: true })
  t.equal(await store.catalog.count(serverName, 'chapter'), 500)
  await catalog.stop()
})
