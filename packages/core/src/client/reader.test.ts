import t, { type Test } from 'tap'
import { testRepository } from '../catalog/test-repository.ts'
import { importSigningKey } from '../crypto/index.ts'
import { encodeBase64, type JsonObject, parseStrict, signObject } from '../json/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { type TestAnswer, testFederation } from '../test-federation.ts'
import { chooseServers } from './servers.ts'
import type { ProblemReason, ReaderCatalog, ReadPage } from './index.ts'
import {
  answerWith,
  catchUp,
  HONEST,
  startNetwork,
  startReader,
  startSite,
  type Tamper,
  type TestNetwork,
} from './test-network.ts'

/** Reading is repeated until a load balancer's turn came, which is drawn by lot. */
const MAX_DRAWS = 60

function ids({ items }: ReadPage): string[] {
  return items.map(({ id }) => id)
}

function titles({ items }: ReadPage): unknown[] {
  return items.map(({ json }) => ((json.metadata as JsonObject).en as JsonObject).title)
}

t.test('a catalog is read from its primary, page by page, and says so', async (t) => {
  const { origin } = await startNetwork(t, 0, 5)
  const reader = startReader(t)
  const catalog = await reader.lookup(origin.domain)
  t.equal(catalog.serverName, origin.serverName)
  const first = await catalog.series({ limit: 2 })
  t.same(ids(first), ['s1', 's2'])
  t.match(first, {
    servedBy: origin.serverName,
    isPrimary: true,
    freshness: 'fresh',
    ageMs: 0,
    completeness: 'primary',
    problems: [],
    evidence: [{ serverName: origin.serverName, source: 'origin', toldBy: [origin.serverName] }],
  })
  t.match(first.message, /^Served by http:.* itself; as far as is known .* \(signed just now\)\. The listing is the/)
  const second = await catalog.series({ limit: 2, cursor: first.next! })
  t.same(ids(second), ['s3', 's4'])
  const last = await catalog.series({ limit: 2, cursor: second.next! })
  t.same(ids(last), ['s5'])
  t.equal(last.next, undefined)
  t.same(ids(await catalog.chapters('s3')), ['s3-1', 's3-1.5'])
  t.match((await catalog.chapters('s3')).items[0], { kind: 'chapter', seriesId: 's3', revision: 1 })
  t.same(ids(await catalog.series({ q: 'series 4' })), ['s4'])
  t.same(ids(await catalog.series({ locale: 'pt' })), [])
  t.same(ids(await catalog.seriesById('s2')), ['s2'])
  t.same(ids(await catalog.seriesById('s')), [], 'the one that follows is another one')
  t.equal((await catalog.seriesById('s2')).next, undefined)
})

t.test('what the app asks for wrongly is refused before anybody is asked', async (t) => {
  const { origin } = await startNetwork(t, 0, 1)
  const catalog = await startReader(t).lookup(origin.domain)
  const asked = origin.requests.length
  for (const limit of [0, 1001, 1.5, -1, Number.NaN]) {
    await t.rejects(catalog.series({ limit }), { code: 'invalid_limit' }, String(limit))
  }
  await t.rejects(catalog.chapters('s1', { cursor: 'made up' }), { code: 'invalid_cursor' })
  t.equal(origin.requests.length, asked)
})

t.test('when the primary fails, a load balancer serves the same, and the page says why', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 2, 3)
  const dead: Tamper = () => undefined
  const failures: [string, Tamper, ProblemReason, RegExp][] = [
    ['gone', dead, 'unreachable', /could not be reached|closed|hang|socket/i],
    ['broken', () => ({ ...answerWith({}), status: 500 }), 'refused', /answered 500/],
    ['parked', () => ({ ...answerWith({}), body: Buffer.from('<html>') }), 'refused', /no JSON array/],
    ['cut short', (_, answer) => ({ ...answer, body: answer.body.subarray(0, 200) }), 'refused', /ends too early/],
    [
      'never ending',
      (target) =>
        target.includes('/manga/series')
          ? answerWith([], { link: `<${origin.serverName}/manga/series?cursor=x>; rel="next"` })
          : answerWith({}),
      'refused',
      /shows nothing of it/,
    ],
  ]
  for (const [name, tamper, reason, words] of failures) {
    origin.tamper = HONEST
    const catalog = await startReader(t).lookup(origin.domain)
    const before = await catalog.series()
    origin.tamper = tamper
    const after = await catalog.series()
    t.same(after.items, before.items, name)
    t.equal(after.isPrimary, false, name)
    t.ok(volunteers.some(({ serverName }) => serverName === after.servedBy))
    t.match(after, { freshness: 'fresh', completeness: 'checked' }, name)
    t.match(after.problems, [{ serverName: origin.serverName, reason, message: words, objects: [] }], name)
    t.match(after.message, /on behalf of .*The listing was held against the log: nothing is missing/, name)
    t.equal(after.evidence[0]?.source, 'origin', name)
  }
})

t.test('a server that failed is asked last for a minute, and page by page others go on', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 2, 4)
  const reader = startReader(t)
  const catalog = await reader.lookup(origin.domain)
  const first = await catalog.series({ limit: 2 })
  origin.die()
  const second = await catalog.series({ limit: 2, cursor: first.next! })
  t.same(ids(second), ['s3', 's4'], 'another server takes the same cursor')
  const asked = origin.requests.length
  t.same((await catalog.series()).problems, [])
  t.equal(origin.requests.length, asked)
  volunteers[0]!.die()
  await catalog.series()
  await reader.time.advance(60_000)
  const later = await catalog.series()
  t.ok(origin.requests.length > asked, 'and it is asked first again')
  t.equal(later.servedBy, volunteers[1]!.serverName)
  volunteers[1]!.die()
  const nobody = await t.rejects(catalog.series(), { code: 'unreachable' })
  for (const { serverName } of [origin, ...volunteers]) t.match(String(nobody), serverName)
  origin.tamper = HONEST
  t.equal((await catalog.series()).isPrimary, true)
})

/** A lie about one catalog, and what a reader says about it. */
interface LieCase {
  readonly name: string
  readonly reason: ProblemReason
  readonly words: RegExp
  readonly objects: readonly { kind: string; id: string }[]
  /** Tampers with what an honest volunteer answers; `before` is the catalog before it changed. */
  readonly tamper: (target: string, answer: TestAnswer, before: Before) => TestAnswer
  /** Ids of series that are shown when nobody else can be asked. */
  readonly shown: readonly string[]
}

interface Before {
  readonly series: readonly JsonObject[]
  readonly head: JsonObject
}

const isSeries = (target: string): boolean => target.startsWith('/v1/manga/series/')
const listOf = ({ body }: TestAnswer): JsonObject[] => parseStrict(body) as JsonObject[]
const changed = (change: (list: JsonObject[], before: Before) => JsonObject[]): LieCase['tamper'] => {
  return (target, answer, before) =>
    isSeries(target) ? answerWith(change(listOf(answer), before), answer.headers) : answer
}
const retitled = (object: JsonObject): JsonObject => ({ ...object, metadata: { en: { title: 'Altered' } } })

/** As somebody else than its server would sign it. */
function resigned({ signatures: _signatures, signing_keys: _keys, ...object }: JsonObject): JsonObject {
  const key = importSigningKey(new Uint8Array(32).fill(9))
  const keyId = 'ed25519:made_up'
  return signObject({ ...retitled(object), signing_keys: { [keyId]: encodeBase64(key.publicKey) } }, keyId, key)
}

const LIES: readonly LieCase[] = [
  {
    name: 'one altered title',
    reason: 'altered',
    words: /its server did not sign: series "s2"\. .*altered/,
    objects: [{ kind: 'series', id: 's2' }],
    tamper: changed((list) => list.map((object) => (object.id === 's2' ? retitled(object) : object))),
    shown: ['s1', 's3'],
  },
  {
    name: 'one signed by a key of its own making',
    reason: 'altered',
    words: /did not sign: series "s2"\. .* has no key ed25519:made_up/,
    objects: [{ kind: 'series', id: 's2' }],
    tamper: changed((list) => list.map((object) => (object.id === 's2' ? resigned(object) : object))),
    shown: ['s1', 's3'],
  },
  {
    name: 'one series left out',
    reason: 'omitted',
    words: /leaves out series "s2"/,
    objects: [{ kind: 'series', id: 's2' }],
    tamper: changed((list) => list.filter(({ id }) => id !== 's2')),
    shown: ['s1', 's3'],
  },
  {
    name: 'the end left out',
    reason: 'omitted',
    words: /leaves out series "s2", series "s3"/,
    objects: [
      { kind: 'series', id: 's2' },
      { kind: 'series', id: 's3' },
    ],
    tamper: changed((list) => list.slice(0, 1)),
    shown: ['s1'],
  },
  {
    name: 'one old revision',
    reason: 'old',
    words: /gave an old version of series "s1"/,
    objects: [{ kind: 'series', id: 's1' }],
    tamper: changed((list, { series }) =>
      list.map((object) => series.find(({ id }) => id === 's1' && id === object.id) ?? object),
    ),
    shown: ['s1', 's2', 's3'],
  },
  {
    name: 'one that was deleted',
    reason: 'withdrawn',
    words: /what the log does not have \(any more\): series "s4"/,
    objects: [{ kind: 'series', id: 's4' }],
    tamper: changed((list, { series }) => [...list, series.find(({ id }) => id === 's4')!]),
    shown: ['s1', 's2', 's3', 's4'],
  },
  {
    name: 'text in place of an object',
    reason: 'altered',
    words: /no objects of a catalog: series "s3"/,
    objects: [{ kind: 'series', id: 's3' }],
    tamper: changed((list) => list.map((object) => (object.id === 's3' ? { id: 's3' } : object))),
    shown: ['s1', 's2'],
  },
  {
    name: 'an old head',
    reason: 'behind',
    words: /has \d+ entries of the log of .*, which has \d+ by now/,
    objects: [],
    tamper: (target, answer, { head }) => (target.endsWith('/head') ? answerWith(head) : answer),
    shown: ['s1', 's2', 's3'],
  },
  {
    name: 'a head of its own making',
    reason: 'altered',
    words: /head of the log at .* is refused/,
    objects: [],
    tamper: (target, answer) => (target.endsWith('/head') ? answerWith({ ...answer.json, size: 3 }) : answer),
    shown: ['s1', 's2', 's3'],
  },
]

/** A network whose catalog changed once: a new title for s1, and s4 is gone. The reader knows its keys and its head. */
async function changedNetwork(t: Test, volunteers: number): Promise<TestNetwork & { before: Before }> {
  const network = await startNetwork(t, volunteers, 4)
  const { origin } = network
  const before = {
    series: listOf(await origin.get('/v1/manga/series')),
    head: (await origin.get('/v1/manga/log/head')).json,
  }
  origin.repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Series 1, renamed' } } })
  origin.repository.series.delete('s4')
  for (const id of ['s4-1', 's4-1.5']) origin.repository.chapters.delete(id)
  await network.change(['s1', 's4'], ['s4-1', 's4-1.5'])
  return { ...network, before }
}

t.test('a load balancer that lies is named, and the next one serves what is true', async (t) => {
  const { origin, volunteers, before } = await changedNetwork(t, 2)
  const [liar, other] = volunteers
  const reader = startReader(t)
  const truth = await (await reader.lookup(origin.domain)).series()
  t.same(titles(truth), ['Series 1, renamed', 'Series 2', 'Series 3'])
  origin.tamper = (target, answer) => (target.startsWith('/.well-known/') ? answer : undefined)
  for (const lie of LIES) {
    liar!.tamper = (target, answer) => lie.tamper(target, answer, before)
    const page = await drawn(() => reader.lookup(origin.domain), liar!.serverName)
    // One that shows an old head is not even asked for objects.
    if (lie.reason !== 'behind') {
      const found = page.problems.filter(({ serverName }) => serverName === liar!.serverName)
      t.equal(found.length, 1, lie.name)
      t.match(found, [{ reason: lie.reason, message: lie.words, objects: lie.objects }], lie.name)
    }
    t.equal(page.servedBy, other!.serverName, lie.name)
    t.same(page.items, truth.items, lie.name)
    t.equal(page.completeness, 'checked', lie.name)
  }
})

t.test(
  'a key that only a load balancer knows is believed by nobody, also long after the death of the site',
  async (t) => {
    const { origin, volunteers } = await startNetwork(t, 2)
    const [liar, honest] = volunteers
    const reader = startReader(t)
    const truth = await (await reader.lookup(origin.domain)).series()
    origin.die()
    await reader.time.advance(5 * 60_000)
    liar!.tamper = changed((list) => list.map((object) => (object.id === 's2' ? resigned(object) : object))) as Tamper
    const page = await drawn(() => reader.lookup(origin.domain), liar!.serverName)
    t.same(page.items, truth.items)
    t.equal(page.servedBy, honest!.serverName)
    const found = page.problems.filter(({ serverName }) => serverName === liar!.serverName)
    t.match(found, [{ reason: 'unknown_key', message: /a key that nobody vouches for: series "s2"/ }])
  },
)

t.test('when all lie, the best of it is shown, without what nobody signed and with everything named', async (t) => {
  const { origin, volunteers, before } = await changedNetwork(t, 1)
  const [liar] = volunteers
  const reader = startReader(t)
  await (await reader.lookup(origin.domain)).series()
  origin.tamper = (target, answer) => (target.startsWith('/.well-known/') ? answer : undefined)
  for (const lie of LIES) {
    liar!.tamper = (target, answer) => lie.tamper(target, answer, before)
    const page = await (await reader.lookup(origin.domain)).series()
    t.equal(page.problems.length, 2, lie.name)
    t.match(
      page.problems,
      [
        { serverName: origin.serverName, reason: 'unreachable' },
        { serverName: liar!.serverName, reason: lie.reason, message: lie.words, objects: lie.objects },
      ],
      lie.name,
    )
    t.same(ids(page), lie.shown, lie.name)
    t.match(page.message, /Something is wrong with it/, lie.name)
  }
})

t.test('load balancers are asked in random order, and one that fails ever more rarely', async (t) => {
  const time = manualEnvironment()
  const primary = 'p'
  const others = ['a', 'b', 'c']
  // Each drawn number is from one of five parts of 0 to 1, in every combination.
  const parts = [0, 0.2, 0.4, 0.6, 0.8]
  const firsts = new Set<string | undefined>()
  for (const numbers of parts.flatMap((one) => parts.flatMap((two) => parts.map((three) => [one, two, three])))) {
    const drawing = numbers.values()
    const random = (): number => drawing.next().value ?? 0
    const order = chooseServers({ primary, others: [...others, 'a', 'p'], environment: time, random }).ready()
    firsts.add(order[1])
    if (order[0] !== 'p' || order.toSorted().join('') !== 'abcp') t.fail(`${order.join()} of ${numbers.join()}`)
  }
  t.equal(firsts.size, others.length, 'each of them comes first now and then')

  const servers = chooseServers({ primary, others, environment: time, random: Math.random })
  for (const minutes of [1, 2, 4, 8, 15, 15]) {
    servers.failed('a')
    await time.advance(minutes * 60_000 - 1)
    t.same(servers.resting(), ['a'], `${minutes} minutes`)
    await time.advance(1)
    t.same(servers.resting(), [], `${minutes} minutes`)
  }
  servers.answered('a')
  servers.failed('a')
  await time.advance(60_000)
  t.same(servers.resting(), [], 'an answer begins anew')
  servers.lied('b')
  await time.advance(60 * 60_000 - 1)
  t.same(servers.resting(), ['b'])
})

t.test('a primary that answers with what it never signed is passed over like any other server', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 1, 3)
  origin.tamper = (target, answer) =>
    target.startsWith('/v1/manga/series') ? answerWith(listOf(answer).map(retitled), answer.headers) : answer
  const page = await (await startReader(t).lookup(origin.domain)).series()
  t.match(page, { servedBy: volunteers[0]!.serverName, completeness: 'checked' })
  t.match(page.problems, [{ serverName: origin.serverName, reason: 'altered', objects: { length: 3 } }])
  t.same(titles(page), ['Series 1', 'Series 2', 'Series 3'])
})

t.test(
  'a site that signed two contradicting logs is shown with that, and no other server is asked for it',
  async (t) => {
    const seed = encodeBase64(new Uint8Array(32).fill(5))
    const { origin, volunteers } = await startNetwork(t, 1, 3, { seed })
    const other = testRepository(3)
    other.series.set('s1', { id: 's1', metadata: { en: { title: 'Another truth' } } })
    const { federation, get } = testFederation(t, { serverName: origin.serverName, seed, catalog: other })
    await federation.start()
    const contradicting = (await get('/v1/manga/log/head')).json
    const reader = startReader(t)
    const catalog = await reader.lookup(origin.domain)
    t.equal((await catalog.series()).freshness, 'fresh')
    origin.tamper = (target, answer) => (target.endsWith('/log/head') ? answerWith(contradicting) : answer)
    const asked = volunteers[0]!.requests.length
    await reader.time.advance(60_000)
    const page = await catalog.series()
    t.match(page, { isPrimary: true, freshness: 'forked', items: { length: 3 } })
    t.match(page.problems, [{ reason: 'forked', message: /signed two logs of 9 entries that contradict each other/ }])
    t.equal(volunteers[0]!.requests.length, asked)
  },
)

t.test('what is passed on of a third site that is gone cannot be verified, and is named and left out', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 1, 2)
  const third = await startSite(t, 1)
  await origin.federation.follow(third.serverName, { republish: true })
  await catchUp(origin, third)
  const listed = async (): Promise<number> => listOf(await origin.get('/v1/manga/series')).length
  while ((await listed()) < 3) await new Promise((resolve) => setImmediate(resolve))
  const reader = startReader(t)
  const met = await (await reader.lookup(origin.domain)).series()
  t.equal(met.items.length, 3)
  t.match(met.evidence.map(({ serverName }) => serverName).toSorted(), [origin.serverName, third.serverName].toSorted())
  third.die()
  const asked = volunteers[0]!.requests.length
  const page = await (await startReader(t).lookup(origin.domain)).series()
  t.match(page, { isPrimary: true, items: { length: 2 } })
  t.match(page.problems, [
    { reason: 'unverifiable', message: /of a third server what cannot be verified/, objects: { length: 1 } },
  ])
  t.equal(volunteers[0]!.requests.length, asked, 'no other server could do better')
})

/** Reads catalogs anew until a server was asked for series. */
async function drawn(lookup: () => Promise<ReaderCatalog>, serverName: string): Promise<ReadPage> {
  for (let draw = 1; ; draw += 1) {
    const page = await (await lookup()).series()
    const isNamed = page.problems.some((problem) => problem.serverName === serverName)
    if (isNamed || draw === MAX_DRAWS) return page
  }
}
