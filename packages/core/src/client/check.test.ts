import t from 'tap'
import { type JsonObject, parseStrict } from '../json/index.ts'
import type { TestAnswer } from '../test-federation.ts'
import { serveHttp } from '../egress/test-servers.ts'
import { answerWith, HONEST, startNetwork, startReader, startSite, type Tamper } from './test-network.ts'

const listOf = ({ body }: TestAnswer): JsonObject[] => parseStrict(body) as JsonObject[]

/** What is served under a path is changed. */
function at(place: string, change: (answer: TestAnswer) => TestAnswer): Tamper {
  return (target, answer) => (target.startsWith(`/v1/manga/${place}`) ? change(answer) : answer)
}

t.test('checking a catalog names each lie of each load balancer, wherever it is', async (t) => {
  const { origin, volunteers, change } = await startNetwork(t, 3, 4)
  const old = listOf(await origin.get('/v1/manga/chapters?series_id=s2')).find(({ id }) => id === 's2-1')!
  origin.repository.chapters.set('s2-1', {
    id: 's2-1',
    seriesId: 's2',
    metadata: { en: { title: 'Mended', chapter: '1' } },
  })
  await change([], ['s2-1'])
  const [honest, liar, dead] = volunteers
  liar!.tamper = (target, answer) => {
    if (target.startsWith('/v1/manga/series/')) {
      const list = listOf(answer).map((object) =>
        object.id === 's3' ? { ...object, metadata: { en: { title: 'No' } } } : object,
      )
      return { ...answerWith(list), headers: answer.headers }
    }
    if (!target.startsWith('/v1/manga/chapters/')) return answer
    const list = listOf(answer).filter(({ id }) => id !== 's1-1.5')
    return { ...answerWith(list.map((object) => (object.id === 's2-1' ? old : object))), headers: answer.headers }
  }
  dead!.die()
  const catalog = await startReader(t).lookup(origin.domain)
  const report = await catalog.check()
  t.match(report, { entries: 13, series: 4, chapters: 8 })
  t.equal(report.servers.length, 3)
  const problemsOf = (name: string): object[] | undefined =>
    report.servers.find(({ serverName }) => serverName === name)?.problems as object[]
  t.same(problemsOf(honest!.serverName), [])
  t.match(problemsOf(liar!.serverName), [
    { reason: 'altered', objects: [{ kind: 'series', id: 's3' }] },
    { reason: 'omitted', objects: [{ kind: 'chapter', id: 's1-1.5' }] },
    { reason: 'old', objects: [{ kind: 'chapter', id: 's2-1' }] },
  ])
  t.match(problemsOf(dead!.serverName), [{ reason: 'unreachable' }])
})

t.test(
  'a log that is too long to be read by itself is read when the app says so, and pages are checked from then on',
  async (t) => {
    const { origin, volunteers } = await startNetwork(t, 1, 3)
    const reader = startReader(t, { maxLogEntries: 5 })
    const catalog = await reader.lookup(origin.domain)
    await catalog.series()
    origin.die()
    const [volunteer] = volunteers
    volunteer!.tamper = at('chapters/', (answer) => ({
      ...answerWith(listOf(answer).slice(1)),
      headers: answer.headers,
    }))
    const unchecked = await catalog.chapters('s1')
    t.match(unchecked, { completeness: 'unchecked', problems: [{ reason: 'unreachable' }] })
    t.match(unchecked.message, /whether some were left out was not checked/)
    t.notOk(
      volunteer!.requests.some((target) => target.includes('/entries')),
      'the log was not read',
    )
    await catalog.check()
    const asked = volunteer!.requests.length
    t.match(await catalog.chapters('s1'), {
      completeness: 'checked',
      problems: [{ serverName: volunteer!.serverName, reason: 'omitted', objects: [{ kind: 'chapter', id: 's1-1' }] }],
    })
    t.notOk(
      volunteer!.requests.slice(asked).some((target) => target.includes('/entries')),
      'it is not read twice',
    )
    const searched = await catalog.chapters('s1', { q: '1.5' })
    t.match(searched, { completeness: 'unchecked', problems: [] }, 'a search cannot be checked by the log')
  },
)

t.test('what changed since the log was read is no lie', async (t) => {
  const { origin, volunteers, change } = await startNetwork(t, 1, 3)
  const catalog = await startReader(t).lookup(origin.domain)
  await catalog.series()
  origin.tamper = (target, answer) => (target.startsWith('/.well-known/') ? answer : undefined)
  t.equal((await catalog.series()).completeness, 'checked')
  origin.tamper = HONEST
  origin.repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Renamed' } } })
  origin.repository.series.set('s9', { id: 's9', metadata: { en: { title: 'New' } } })
  await change(['s1', 's9'], [])
  origin.tamper = (target, answer) => (target.startsWith('/.well-known/') ? answer : undefined)
  const kept = await volunteers[0]!.get(`/v1/manga/series/origin/${encodeURIComponent(origin.serverName)}?limit=100`)
  t.equal(listOf(kept).length, 4)
  const page = await catalog.series()
  t.same(page.problems, [])
  t.equal(page.items.length, 4)
  const entries = volunteers[0]!.requests.filter((target) => target.includes('/entries'))
  t.match(entries.at(-1), /since=9&/, 'only what is new was read')
})

t.test('a log that was tampered with is refused, and another server’s is read', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 2, 3)
  const [liar, honest] = volunteers
  await (await startReader(t).lookup(origin.domain)).series()
  const entries =
    (change: (page: JsonObject) => JsonObject): Tamper =>
    (target, answer) =>
      target.includes('/entries') ? answerWith(change(answer.json)) : answer
  const list = (page: JsonObject, field: string): JsonObject[] => page[field] as JsonObject[]
  const tampers: [string, Tamper][] = [
    ['an entry left out', entries((page) => ({ ...page, entries: list(page, 'entries').slice(1) }))],
    ['the last ones left out', entries((page) => ({ ...page, entries: list(page, 'entries').slice(0, -1) }))],
    [
      'a deletion put in',
      entries((page) => ({
        ...page,
        entries: list(page, 'entries').map((entry) => ({ ...entry, op: 'delete', body: null })),
      })),
    ],
    [
      'a body left out',
      entries((page) => ({ ...page, bodies: Object.fromEntries(Object.entries(page.bodies as JsonObject).slice(1)) })),
    ],
    ['nothing', entries((page) => ({ ...page, entries: [], bodies: {} }))],
    ['no page', entries(() => ({}))],
    [
      'too large',
      (target, answer) =>
        target.includes('/entries') ? { ...answer, body: Buffer.alloc(9 * 1024 * 1024, 32) } : answer,
    ],
  ]
  for (const [name, tamper] of tampers) {
    const reader = startReader(t)
    const catalog = await reader.lookup(origin.domain)
    await catalog.series()
    liar!.tamper = tamper
    origin.die()
    honest!.die()
    const alone = await catalog.series()
    t.match(alone, { completeness: 'unchecked', servedBy: liar!.serverName, items: { length: 3 } }, name)
    const found = alone.problems.filter(({ serverName }) => serverName === liar!.serverName)
    t.match(found, [{ reason: 'refused', message: /^The log at/ }], name)
    origin.tamper = honest!.tamper = HONEST
    const report = await catalog.check()
    t.match(report, { entries: 9, series: 3, chapters: 6 }, name)
    t.same(
      report.servers.flatMap(({ problems }) => problems),
      [],
      `${name}: its listings are true`,
    )
  }
  origin.die()
  honest!.die()
  await t.rejects(
    (await startReader(t).lookup(liar!.domain)).check().then(() => undefined),
    { code: 'unreachable' },
  )
})

t.test('what hostile servers answer is bounded in size, number and time', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 1, 3)
  const [volunteer] = volunteers
  const manyElements = Buffer.from(`[${'{},'.repeat(50_001)}{}]`)
  const listing = (body: Uint8Array): Tamper => at('series', (answer) => ({ ...answer, body }))
  const rows: [string, Tamper, RegExp][] = [
    ['16 MiB and more', listing(Buffer.alloc(16 * 1024 * 1024 + 1, 32)), /16777216/],
    ['50,001 elements', listing(manyElements), /more than 50000 objects/],
    ['depth', listing(Buffer.from(`[${'['.repeat(100_000)}`)), /ends too early/],
    [
      'an object of a megabyte',
      listing(Buffer.from(`[{"id":"s1","x":"${'x'.repeat(1_000_000)}"}]`)),
      /which no object has/,
    ],
  ]
  const reader = startReader(t)
  const catalog = await reader.lookup(origin.domain)
  const before = await catalog.series()
  for (const [name, tamper, words] of rows) {
    origin.tamper = tamper
    const page = await catalog.series()
    t.same(page.items, before.items, name)
    t.match(page.problems[0], { serverName: origin.serverName, message: words }, name)
    await reader.time.advance(3_600_000)
  }
  const asked = new Promise<void>((resolve) => {
    origin.tamper = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  const waiting = catalog.series()
  await asked
  await reader.time.advance(10_000)
  t.equal((await waiting).servedBy, volunteer!.serverName, 'a server that never answers costs 10 seconds')
})

t.test('of many load balancers only so many are asked for one page', async (t) => {
  const origin = await startSite(t, 1)
  const asked: string[] = []
  const { port } = await serveHttp(t, ({ url = '' }, response) => {
    asked.push(url)
    response.writeHead(503).end()
  })
  origin.loadBalancers = Array.from({ length: 64 }, (_, number) => `http://127.0.0.1:${port}/${number}/v1`)
  const catalog = await startReader(t).lookup(origin.domain)
  origin.die()
  await t.rejects(catalog.series(), { code: 'unreachable' })
  t.equal(asked.filter((target) => target.includes('/manga/series')).length, 7, 'seven and the primary')
  t.equal(asked.filter((target) => target.includes('/manga/log')).length, 8, 'and no more for their heads')
})
