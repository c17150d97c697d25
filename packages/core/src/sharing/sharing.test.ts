import t, { type Test } from 'tap'
import { advertised, ask, type TestNetwork, testNetwork, type TestServer } from '../balancers/test-network.ts'
import type { FederationOptions, MirroredChange } from '../index.ts'
import { type TestProcess, testSharedStore } from './test-shared-store.ts'

const MINUTE_MS = 60_000

/** Two processes of one site on one store. */
interface Pair {
  readonly network: TestNetwork
  /** Gets all requests to the site, and does no background work. */
  readonly front: TestServer
  /** Gets none, and does the background work. */
  readonly back: TestServer
  readonly frontProcess: TestProcess
  readonly backProcess: TestProcess
}

async function servePair(t: Test, options: Partial<FederationOptions> & { titles?: number } = {}): Promise<Pair> {
  const network = testNetwork(t)
  const hub = testSharedStore(network.time)
  const [frontProcess, backProcess] = [hub.process(), hub.process()]
  const front = await network.serve({ ...options, store: async () => frontProcess.store })
  const { serverName, repository: catalog } = front
  const back = await network.serve({ catalog, ...options, serverName, store: async () => backProcess.store })
  frontProcess.canClaim = false
  await network.pass(MINUTE_MS / 2)
  frontProcess.canClaim = true
  return { network, front, back, frontProcess, backProcess }
}

/** How often a server was asked for its head. */
const headPolls = (server: TestServer): number =>
  server.requests.filter((request) => request.startsWith('GET /v1/manga/log/head')).length

/** How many pages of a log, or more, a server was asked for. */
const mirroredOf = async ({ store }: Pick<TestServer, 'store'>, { serverName }: TestServer): Promise<number> =>
  (await store.catalog.state(serverName)).size

t.test('what one process is told to follow the other one follows, and alone, until it is told to end', async (t) => {
  const told: string[] = []
  const onMirrored = ({ series, chapters }: MirroredChange): void => {
    told.push(...series, ...chapters)
  }
  const { network, front, back, backProcess } = await servePair(t, { onMirrored })
  const origin = await network.serve({ titles: 2 })
  await front.federation.follow(origin.serverName)
  await network.passUntil(async () => (await mirroredOf(backProcess, origin)) === 6, MINUTE_MS)
  t.match(await front.federation.following(), [{ serverName: origin.serverName, state: 'fresh' }])
  t.match(await origin.federation.followers(), [{ serverName: front.serverName, state: 'in_step' }])

  const before = headPolls(origin)
  await network.pass(60 * MINUTE_MS)
  const polls = headPolls(origin) - before
  t.ok(polls >= 8 && polls <= 16, `one process polls, every five minutes: ${polls} times an hour`)

  origin.repository.series.set('new', { id: 'new', metadata: { en: { title: 'New' } } })
  await origin.federation.catalog.changed({ series: ['new'] })
  await network.passUntil(async () => (await mirroredOf(backProcess, origin)) === 7, 8_000)
  await network.passUntil(async () => told.length >= 7, MINUTE_MS)
  t.equal(told.length, new Set(told).size, 'what came in one process is told once, by the other')

  await front.federation.unfollow(origin.serverName, { forget: true })
  await network.passUntil(async () => (await origin.federation.followers()).length === 0, MINUTE_MS)
  const after = headPolls(origin)
  await network.pass(20 * MINUTE_MS)
  t.equal(headPolls(origin), after)
  t.same(await back.federation.following(), [])
})

t.test('who subscribes at one process is pushed to by the other', async (t) => {
  const { network, front, back } = await servePair(t, { titles: 1 })
  const follower = await network.serve()
  await follower.federation.follow(front.serverName)
  await network.passUntil(async () => (await mirroredOf(follower, front)) === 3, MINUTE_MS)
  t.match(await back.federation.followers(), [{ serverName: follower.serverName }])

  const pushes = (): number => follower.requests.filter((request) => request.startsWith('PUT')).length
  const before = pushes()
  for (const [place, { federation }] of [front, back].entries()) {
    const id = `c${place}`
    front.repository.series.set(id, { id, metadata: { en: { title: id } } })
    await federation.catalog.changed({ series: [id] })
    await network.passUntil(async () => (await mirroredOf(follower, front)) === 4 + place, 8_000)
    t.match(await ask(front, 'GET', '/manga/log/head'), { json: { size: 4 + place } }, 'and both know it at once')
  }
  t.equal(pushes() - before, 2, 'once each')

  follower.tamper = (request) => (request.startsWith('PUT') ? { status: 503 } : undefined)
  front.repository.series.set('later', { id: 'later', metadata: { en: { title: 'Later' } } })
  await front.federation.catalog.changed({ series: ['later'] })
  await network.passUntil(async () => (await back.federation.followers())[0]?.state === 'failing', MINUTE_MS)
  await network.pass(MINUTE_MS)
  t.match(await front.federation.followers(), [{ state: 'failing' }], 'as is seen from the first one too')
  await follower.federation.unfollow(front.serverName)
  await network.passUntil(async () => (await back.federation.followers()).length === 0, 8_000)
  const failed = pushes()
  await network.pass(20 * MINUTE_MS)
  t.equal(pushes(), failed, 'who left is told nothing')
})

t.test('a follower that one process heard from is tried again by the other', async (t) => {
  const { network, front, back } = await servePair(t, { titles: 1, loadBalancers: 'open' })
  const follower = await network.serve()
  await follower.federation.follow(front.serverName)
  await network.passUntil(async () => (await mirroredOf(follower, front)) === 3, MINUTE_MS)
  follower.tamper = (request) => (request.startsWith('PUT') ? 'drop' : undefined)
  front.repository.series.set('new', { id: 'new', metadata: { en: { title: 'New' } } })
  await front.federation.catalog.changed({ series: ['new'] })
  await network.pass(4 * MINUTE_MS)
  t.match(await back.federation.followers(), [{ state: 'failing' }])
  const before = follower.requests.length
  await follower.federation.volunteer(front.serverName)
  await network.pass(2_000)
  const pushed = follower.requests.slice(before).filter((request) => request.startsWith('PUT'))
  t.ok(pushed.length > 0, 'as soon as it asked for something')
})

t.test('keys that one process rotated sign what the other one says', async (t) => {
  const { network, front, back } = await servePair(t, { titles: 1 })
  const keyIds = async (server: TestServer): Promise<string[]> =>
    Object.keys((await ask(server, 'GET', '/keys')).json.verify_keys as object).sort()
  const old = await keyIds(front)
  await front.federation.keys.rotate()
  await network.passUntil(async () => (await keyIds(back)).length === 2, MINUTE_MS)
  t.same(await keyIds(back), await keyIds(front))
  t.ok((await keyIds(back)).includes(old[0]!))
  await back.federation.keys.rotate()
  await network.passUntil(async () => (await keyIds(front)).length === 3, MINUTE_MS)
})

t.test('load balancers that ask one process are looked at by the other, and named by both', async (t) => {
  const { network, front, back } = await servePair(t, { titles: 1 })
  const volunteer = await network.serve()
  await volunteer.federation.volunteer(front.serverName).catch(() => undefined)
  await volunteer.federation.follow(front.serverName)
  await network.passUntil(async () => (await mirroredOf(volunteer, front)) === 3, MINUTE_MS)
  await volunteer.federation.volunteer(front.serverName)
  await network.passUntil(async () => (await back.federation.loadBalancers.list()).length === 1, MINUTE_MS)
  await front.federation.loadBalancers.approve(volunteer.serverName)
  await network.passUntil(async () => (await advertised(front)) !== undefined, MINUTE_MS)
  for (const server of [front, back]) {
    await network.passUntil(async () => JSON.stringify(await advertised(server)) !== '[]', MINUTE_MS)
    t.same(await advertised(server), [volunteer.serverName])
  }
  await front.federation.loadBalancers.refuse(volunteer.serverName)
  await network.passUntil(async () => JSON.stringify(await advertised(back)) === '[]', MINUTE_MS)
})

t.test('a site of several processes volunteers once, wherever it was told to', async (t) => {
  const { network, front, back } = await servePair(t)
  const origin = await network.serve({ titles: 1, loadBalancers: 'open' })
  await front.federation.follow(origin.serverName)
  await network.passUntil(async () => (await mirroredOf(back, origin)) !== undefined, MINUTE_MS)
  await front.federation.volunteer(origin.serverName)
  await network.passUntil(
    async () => (await origin.federation.loadBalancers.list())[0]?.state === 'success',
    20 * MINUTE_MS,
  )
  for (const { federation } of [front, back]) {
    await network.passUntil(async () => (await federation.volunteering())[0]?.state === 'success', 20 * MINUTE_MS)
  }
  await front.federation.stopVolunteering(origin.serverName)
  await network.passUntil(
    async () => (await origin.federation.loadBalancers.list())[0]?.state === 'deleted',
    20 * MINUTE_MS,
  )
  t.same(await back.federation.volunteering(), [])
})

t.test('news that is lost is caught up with in five minutes', async (t) => {
  const { network, front, back, frontProcess, backProcess } = await servePair(t, { titles: 1 })
  const origin = await network.serve({ titles: 1 })
  frontProcess.canTalk = false
  await front.federation.follow(origin.serverName)
  await front.federation.keys.rotate()
  await network.pass(10_000)
  t.equal(await mirroredOf(backProcess, origin), 0)
  frontProcess.canTalk = true
  await network.passUntil(async () => (await mirroredOf(backProcess, origin)) === 3, 6 * MINUTE_MS)
  const { json } = await ask(back, 'GET', '/keys')
  t.equal(Object.keys(json.verify_keys as object).length, 2)
})
