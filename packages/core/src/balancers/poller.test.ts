import t, { type Test } from 'tap'
import { encodeCanonical, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import { loadOwnKeys } from '../keys/index.ts'
import { createLogReader, type HeadFacts, signHead } from '../log/index.ts'
import type { LoadBalancer } from '../store/index.ts'
import { afterPoll, alive, newBalancer, pollWaitMs } from './balancer-state.ts'
import { advertised, type Answer, ask, type TestNetwork, testNetwork, type TestServer } from './test-network.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** An origin with titles, and a volunteer that it advertises. */
interface Scene {
  readonly network: TestNetwork
  readonly origin: TestServer
  readonly volunteer: TestServer
  /** What the origin thinks of the volunteer. */
  balancer(): Promise<LoadBalancer>
  passUntilState(state: LoadBalancer['state']): Promise<void>
}

async function scene(t: Test, titles: number): Promise<Scene> {
  const network = testNetwork(t)
  const origin = await network.serve({ titles, loadBalancers: 'open' })
  const volunteer = await network.serve()
  await volunteer.federation.volunteer(origin.serverName)
  const balancer = async (): Promise<LoadBalancer> => (await origin.store.balancers.get(volunteer.serverName))!
  const passUntilState = (state: LoadBalancer['state']): Promise<void> =>
    network.passUntil(async () => (await balancer())?.state === state)
  await passUntilState('success')
  return { network, origin, volunteer, balancer, passUntilState }
}

const HEAD = /^GET .*\/manga\/log\/origin\/.*\/head$/
const SERIES = /^GET .*\/manga\/series\/origin\//
const CHAPTERS = /^GET .*\/manga\/chapters\/origin\/[^?]*\?limit=\d+$/
const CHAPTERS_OF_ONE = /^GET .*\/manga\/chapters\/origin\/.*series_id=/

/** Changes the answers to some requests only. */
function at(pattern: RegExp, change: (json: JsonValue) => Answer | 'drop'): TestServer['tamper'] {
  return (request, json) => (pattern.test(request) && json !== undefined ? change(json) : undefined)
}

/** Changes a listing. */
function listing(pattern: RegExp, change: (objects: JsonObject[]) => JsonValue): TestServer['tamper'] {
  return at(pattern, (json) => ({ json: change(Array.isArray(json) ? json.filter(isJsonObject) : []) }))
}

function retitled(object: JsonObject): JsonObject {
  return { ...object, metadata: { en: { title: 'Another' } } }
}

t.test(
  'a volunteer that serves less, or something else, is advertised no more, with the code that says why',
  async (t) => {
    const { network, origin, volunteer, balancer, passUntilState } = await scene(t, 3)
    const kept = new Map<string, JsonObject>()
    volunteer.tamper = (request, json) => {
      if (SERIES.test(request) && Array.isArray(json)) {
        json.filter(isJsonObject).forEach((object) => kept.set(object.id as string, object))
      }
      return undefined
    }
    await network.pass(7 * MINUTE_MS)
    const old = kept.get('s1')!
    const deleted = kept.get('s3')!
    origin.repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Changed' } } })
    origin.repository.series.delete('s3')
    for (const chapter of ['s3-1', 's3-1.5']) origin.repository.chapters.delete(chapter)
    await origin.federation.catalog.changed({ series: ['s1', 's3'], chapters: ['s3-1', 's3-1.5'] })
    await network.pass(16 * MINUTE_MS)
    t.equal((await balancer()).state, 'success')

    const keys = await loadOwnKeys({
      ...origin,
      store: origin.store.identity,
      given: undefined,
      environment: network.time,
    })
    const own = (await createLogReader(origin.store.log).head(origin.serverName))!
    const signed = (differing: Partial<HeadFacts>): JsonObject => signHead({ ...own, ...differing }, keys.active()).json
    const cases: [name: string, code: string, message: RegExp, tamper: TestServer['tamper']][] = [
      ['it is down', 'E101', /could not be asked .*unreachable/, () => 'drop'],
      ['it answers nothing but errors', 'E101', /answered 503/, () => ({ status: 503 })],
      ['its listings cannot be read', 'E101', /answered 500/, at(SERIES, () => ({ status: 500 }))],
      ['it has no copy', 'E105', /answered 404/, at(HEAD, () => ({ status: 404 }))],
      ['it has no listing', 'E105', /answered 404/, at(CHAPTERS, () => ({ status: 404 }))],
      ['its keys are no key document', 'E102', /no valid key document/, at(/\/keys$/, () => ({ json: {} }))],
      ['its keys cannot be asked for', 'E101', /could not be asked for its keys/, at(/\/keys$/, () => 'drop')],
      ['its keys are gone', 'E102', /no valid key document/, at(/\/keys$/, () => ({ status: 404 }))],
      ['a series is missing', 'E103', /does not list the series "s2"/, listing(SERIES, (all) => all.slice(0, 1))],
      ['all series are missing', 'E103', /does not list the series "s1"/, listing(SERIES, () => [])],
      [
        'a chapter is missing',
        'E103',
        /does not list the chapter "s1-1.5"/,
        listing(CHAPTERS, (all) => all.toSpliced(1, 1)),
      ],
      ['a series has no chapters', 'E103', /does not list the chapter/, listing(CHAPTERS_OF_ONE, () => [])],
      [
        'a title is another',
        'E104',
        /serves "s1", which this server never signed so/,
        listing(SERIES, ([one, ...more]) => [retitled(one!), ...more]),
      ],
      ['a chapter is another', 'E104', /never signed so/, listing(CHAPTERS_OF_ONE, (all) => all.map(retitled))],
      [
        'a true one hides behind an altered one',
        'E104',
        /never signed so/,
        listing(SERIES, (all) => [...all.map(retitled), ...all]),
      ],
      ['something was added', 'E104', /never signed/, listing(SERIES, (all) => [...all, { ...all[0]!, id: 's9' }])],
      [
        'it lists one twice too often',
        'E104',
        /more than it is asked for/,
        listing(SERIES, (all) => Array<JsonObject>(101).fill(all[0]!)),
      ],
      ['it lists no objects', 'E104', /has no id/, listing(SERIES, () => [1])],
      ['its listing is none', 'E104', /not an array/, at(SERIES, () => ({ json: {} }))],
      ['its listing is no JSON', 'E104', /is not JSON/, at(SERIES, () => ({ text: '<html>' }))],
      [
        'the head is another',
        'E104',
        /not signed by this server/,
        at(HEAD, (json) => ({ json: { ...(json as JsonObject), size: 1 } })),
      ],
      ['the head is none', 'E104', /not signed by this server/, at(HEAD, () => ({ json: [] }))],
      [
        'it holds more than there is',
        'E104',
        /restored from a backup/,
        at(HEAD, () => ({ json: signed({ size: 99 }) })),
      ],
      ['its log is a later one', 'E104', /restored from a backup/, at(HEAD, () => ({ json: signed({ epoch: 2 }) }))],
      [
        'its log is another one',
        'E104',
        /another log/,
        at(HEAD, () => ({ json: signed({ root: new Uint8Array(32) }) })),
      ],
      ['a revision is old', 'E100', /old revision of "s1"/, listing(SERIES, ([, ...more]) => [old, ...more])],
      ['a deleted one is listed', 'E100', /"s3", which was deleted/, listing(SERIES, (all) => [...all, deleted])],
    ]
    for (const [name, code, message, tamper] of cases) {
      await t.test(name, async (t) => {
        volunteer.tamper = tamper
        await passUntilState('error')
        t.match(await balancer(), { error: { code, message }, failures: 1 })
        t.same(await advertised(origin), [])
        const path = `/load-balancer/${encodeURIComponent(volunteer.serverName)}`
        t.match(await ask(origin, 'GET', path), {
          status: 200,
          json: { state: 'error', error: { error_code: code, message } },
        })
        t.match(await origin.federation.loadBalancers.list(), [{ state: 'error', message, error: { code } }])
        volunteer.tamper = () => undefined
        await passUntilState('success')
        t.match(await balancer(), { error: undefined, failures: 0 })
        t.same(await advertised(origin), [volunteer.serverName])
      })
    }
  },
)

t.test('a copy may lag for fifteen minutes, and no longer', async (t) => {
  const { network, origin, volunteer, balancer, passUntilState } = await scene(t, 2)
  const kept = new Map<string, JsonValue>()
  volunteer.tamper = (request, json) => {
    if (json !== undefined) kept.set(request, json)
    return undefined
  }
  await network.pass(30 * MINUTE_MS)
  volunteer.tamper = (request) =>
    kept.has(request) && !request.endsWith('/keys') ? { json: kept.get(request)! } : undefined
  origin.repository.series.set('s1', { id: 's1', metadata: { en: { title: 'Changed' } } })
  origin.repository.series.delete('s2')
  for (const chapter of ['s2-1', 's2-1.5']) origin.repository.chapters.delete(chapter)
  await origin.federation.catalog.changed({ series: ['s1', 's2'], chapters: ['s2-1', 's2-1.5'] })
  const changedTs = network.time.now()
  await network.pass(14 * MINUTE_MS)
  const { state, checkedTs } = await balancer()
  t.equal(state, 'success')
  t.ok(checkedTs! - changedTs > 5 * MINUTE_MS, 'it was looked at meanwhile')
  await passUntilState('error')
  t.match((await balancer()).error, {
    code: 'E100',
    message: /holds 6 of 10 entries, and has lacked one for (1[6-9]|2\d) minutes/,
  })
  volunteer.tamper = () => undefined
  await passUntilState('success')
})

t.test('a copy of a log that the origin gave up is an old one', async (t) => {
  const { network, origin, balancer, passUntilState } = await scene(t, 2)
  const { serverName, store } = origin
  const keys = await loadOwnKeys({ serverName, store: store.identity, given: undefined, environment: network.time })
  const own = (await createLogReader(store.log).head(serverName))!
  const later = signHead({ ...own, epoch: 2 }, keys.active())
  t.ok(await store.log.replaceHead(serverName, own.size, encodeCanonical(later.json)))
  await passUntilState('error')
  t.match((await balancer()).error, { code: 'E100', message: /a log that this server has given up/ })
})

t.test('a catalog of several pages is looked at from a random place on', async (t) => {
  const { volunteer, balancer, passUntilState } = await scene(t, 130)
  t.equal((await balancer()).state, 'success')
  const first = new Set(volunteer.requests.filter((request) => SERIES.test(request)))
  t.ok(first.size > 0)
  t.ok([...first].every((request) => request.includes('cursor=')))
  volunteer.tamper = (request, json) =>
    SERIES.test(request) && Array.isArray(json) ? { json: json.slice(0, Math.floor(json.length / 2)) } : undefined
  await passUntilState('error')
  t.match((await balancer()).error, { code: 'E103' })
})

t.test('one look costs five requests at most, and one that fails is looked at less and less often', async (t) => {
  const { network, volunteer, passUntilState } = await scene(t, 2)
  volunteer.requests.length = 0
  await network.pass(HOUR_MS)
  const looks = volunteer.requests.filter((request) => HEAD.test(request)).length
  t.ok(looks >= 9 && looks <= 16, `${looks} looks in an hour`)
  const asked = volunteer.requests.filter((request) => !request.startsWith('PUT '))
  t.ok(asked.length <= looks * 5, `${asked.length} requests`)

  volunteer.tamper = () => ({ status: 503 })
  await passUntilState('error')
  volunteer.requests.length = 0
  await network.pass(2 * HOUR_MS)
  const failed = volunteer.requests.filter((request) => HEAD.test(request)).length
  t.ok(failed >= 3 && failed <= 6, `${failed} looks in two hours of failure`)
})

t.test('a restart forgets nobody', async (t) => {
  const { network, origin, volunteer } = await scene(t, 2)
  const { requests } = volunteer
  requests.length = 0
  await origin.restart()
  t.same(await advertised(origin), [volunteer.serverName])
  await network.pass(7 * MINUTE_MS)
  t.ok(requests.some((request) => HEAD.test(request)))
  t.same(await advertised(origin), [volunteer.serverName])
})

t.test('a fault of the origin is not held against the volunteer, and is tried again', async (t) => {
  const { network, origin, balancer } = await scene(t, 2)
  const { log, balancers } = origin.store
  const broken = (): Promise<never> => Promise.reject(new Error('The disk is full.'))
  const { page } = log
  const { list } = balancers
  const faults: [name: string, breakIt: () => void, mendIt: () => void][] = [
    ['its log', () => (log.page = broken), () => (log.page = page)],
    ['its list', () => (balancers.list = broken), () => (balancers.list = list)],
  ]
  for (const [name, breakIt, mendIt] of faults) {
    breakIt()
    await network.pass(HOUR_MS + 10 * MINUTE_MS)
    const { state, checkedTs } = await balancer()
    t.equal(state, 'success', name)
    t.ok(network.time.now() - checkedTs! > HOUR_MS, name)
    mendIt()
    await network.pass(2 * MINUTE_MS)
    t.ok((await balancer()).checkedTs! > checkedTs!, name)
  }
})

t.test('who failed for a month is given up, and is taken back when it asks again', async (t) => {
  const { network, origin, volunteer, balancer, passUntilState } = await scene(t, 2)
  const longAgoTs = network.time.now() - 31 * DAY_MS
  await origin.store.balancers.put({ ...(await balancer()), registeredTs: longAgoTs, succeededTs: longAgoTs })
  volunteer.tamper = () => 'drop'
  await passUntilState('deleted')
  t.match(await origin.federation.loadBalancers.list(), [
    {
      state: 'deleted',
      message: /failed for too long and was given up\. It could not be asked/,
      error: { code: 'E101' },
    },
  ])
  t.same(await advertised(origin), [])
  volunteer.tamper = () => undefined
  await passUntilState('success')
})

t.test('the well-known file changes with the list, and only then', async (t) => {
  const { network, origin, volunteer, passUntilState } = await scene(t, 1)
  const etag = async (): Promise<string | undefined> => {
    const target = '/.well-known/manga/servers'
    const request = {
      method: 'GET',
      target,
      headers: {},
      clientAddress: '192.0.2.1',
      body: async () => new Uint8Array(),
    }
    const { headers } = (await origin.federation.handle(request))!
    t.match(headers['cache-control'], 'public, max-age=3600, stale-if-error=86400')
    return headers.etag
  }
  const first = await etag()
  await network.pass(15 * MINUTE_MS)
  t.equal(await etag(), first)
  volunteer.tamper = () => 'drop'
  await passUntilState('error')
  t.not(await etag(), first)
  volunteer.tamper = () => undefined
  await passUntilState('success')
  t.equal(await etag(), first)
})

t.test('pauses double up to an hour, and who fails for too long is given up', (t) => {
  const nowTs = Date.UTC(2026, 0, 1)
  const fault = { code: 'E101', message: 'It is down.' } as const
  const chance = { nowTs, random: () => 0.5 }
  const pending = newBalancer('https://volunteer.example/v1', 'pending', nowTs)
  let row = pending
  for (const minutes of [5, 10, 20, 40, 60, 60]) {
    row = afterPoll(row, fault, chance)
    t.equal(row.nextPollTs - nowTs, minutes * MINUTE_MS)
  }
  t.equal(alive({ ...row, checkedTs: nowTs }).nextPollTs - nowTs, 5 * MINUTE_MS)
  t.equal(pollWaitMs(row, nowTs), 60 * MINUTE_MS)
  t.equal(pollWaitMs(row, nowTs - DAY_MS), 0, 'the clock was set back')
  t.equal(pollWaitMs(row, nowTs + DAY_MS), 0)

  const succeeded = afterPoll(row, undefined, chance)
  t.match(succeeded, { state: 'success', failures: 0, error: undefined, succeededTs: nowTs })
  const after = (balancer: LoadBalancer, days: number): string =>
    afterPoll(balancer, fault, { ...chance, nowTs: nowTs + days * DAY_MS }).state
  t.equal(after(pending, 3), 'error')
  t.equal(after(pending, 3.1), 'deleted')
  t.equal(after(succeeded, 30), 'error')
  t.equal(after(succeeded, 30.1), 'deleted')

  const spread = [0, 1 - 2 ** -53].map((value) => afterPoll(pending, undefined, { nowTs, random: () => value }))
  t.same(
    spread.map(({ nextPollTs }) => (nextPollTs - nowTs) / MINUTE_MS),
    [4, 6],
  )
  t.end()
})
