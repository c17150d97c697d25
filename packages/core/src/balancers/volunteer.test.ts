import t from 'tap'
import { systemEnvironment } from '../environment.ts'
import type { OriginRecords, OriginStatus } from '../follow/index.ts'
import { startBareServer } from '../follow/test-bare-server.ts'
import { silentLogger } from '../logger.ts'
import type { PeerClient } from '../peers/index.ts'
import { createRegistration, type Registration } from './registration.ts'
import { advertised, ask, type TestNetwork, testNetwork, type TestServer } from './test-network.ts'
import type { RegistrationState, VolunteerStatus } from './volunteer-state.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

async function statusOf({ federation }: TestServer): Promise<VolunteerStatus | undefined> {
  return (await federation.volunteering())[0]
}

/** Waits until the volunteer says so of its registration. */
function passUntilState(network: TestNetwork, volunteer: TestServer, state: RegistrationState): Promise<void> {
  return network.passUntil(async () => (await statusOf(volunteer))?.state === state, 3 * HOUR_MS)
}

t.test('a volunteer mirrors, registers, is looked at, and is advertised', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 3, loadBalancers: 'open' })
  const volunteer = await network.serve()
  t.same(await advertised(origin), [])
  const first = await volunteer.federation.volunteer(new URL(origin.serverName).host)
  t.equal(first.serverName, origin.serverName, 'a domain is enough')
  await passUntilState(network, volunteer, 'success')
  t.same(await advertised(origin), [volunteer.serverName])
  t.match(await volunteer.federation.volunteering(), [
    { serverName: origin.serverName, state: 'success', message: /advertises this server/, error: undefined },
  ])
  t.match(await origin.federation.loadBalancers.list(), [
    { serverName: volunteer.serverName, state: 'success', message: /holds the entire catalog/ },
  ])

  await volunteer.federation.volunteer(origin.serverName)
  t.equal((await volunteer.federation.volunteering()).length, 1, 'once is enough')
  await volunteer.restart()
  await passUntilState(network, volunteer, 'success')
})

t.test('nothing is registered before the whole catalog is held', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 200, loadBalancers: 'open' })
  const volunteer = await network.serve()
  origin.tamper = (request) => (request.includes('/manga/log/entries?since=256') ? { status: 503 } : undefined)
  volunteer.tamper = (request) => (request.startsWith('PUT') ? { status: 503 } : undefined)
  t.match(await volunteer.federation.volunteer(origin.serverName), {
    state: 'mirroring',
    message: /registers as soon as it holds the whole catalog\. 256 of 600 entries are held/,
  })
  await network.pass(6 * MINUTE_MS)
  t.same(await origin.federation.loadBalancers.list(), [])
  origin.tamper = () => undefined
  await volunteer.federation.check(origin.serverName)
  await network.passUntil(async () => (await origin.federation.loadBalancers.list()).length === 1, MINUTE_MS)
  await passUntilState(network, volunteer, 'success')
})

t.test('what comes while a volunteer looks whether it has the whole catalog is not missed', async (t) => {
  const origin = 'https://origin.example/v1'
  const asked: string[] = []
  const due: (() => void)[] = []
  const states = ['incomplete', 'fresh'] as const
  let looks = 0
  const registration: Registration = createRegistration(origin, {
    serverName: 'https://volunteer.example/v1',
    records: { get: async () => ({ volunteer: 'yes' }) } as unknown as OriginRecords,
    following: {
      async status() {
        const state = states[looks++]
        if (state === 'incomplete') registration.mirrored()
        return { state } as OriginStatus
      },
    },
    peers: {
      async request(method: string) {
        asked.push(method)
        return { status: 200, json: { state: 'pending' } }
      },
    } as unknown as PeerClient,
    environment: {
      ...systemEnvironment,
      after(delayMs, task) {
        if (delayMs === 0) due.push(task)
        return () => {}
      },
    },
    logger: silentLogger,
    mayPlan: () => true,
    random: () => 0.5,
  })
  await registration.visitNow()
  t.equal(registration.facts.state, 'mirroring')
  due.forEach((task) => task())
  await registration.end()
  t.strictSame(asked, ['POST', 'GET'])
})

t.test('a volunteer is told what is missing, and what to do', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 1 })
  const volunteer = await network.serve()
  t.match(await volunteer.federation.volunteer(origin.serverName), {
    state: 'pending',
    message: /ask that operator to approve this server/,
  })
  volunteer.tamper = (request) => (request.includes('/manga/') ? { status: 404 } : undefined)
  await origin.federation.loadBalancers.approve(volunteer.serverName)
  await passUntilState(network, volunteer, 'error')
  t.match(await statusOf(volunteer), {
    error: { code: 'E105', message: /answered 404/ },
    message:
      /does not advertise this server\. It answered 404 .* See that your proxy passes all below http.*\/manga\/ on/,
  })
  volunteer.tamper = () => undefined
  await passUntilState(network, volunteer, 'success')

  await origin.federation.loadBalancers.refuse(volunteer.serverName)
  await passUntilState(network, volunteer, 'deleted')
  t.match((await statusOf(volunteer))?.message, /does not count this server any more; it is asked again/)
  await passUntilState(network, volunteer, 'refused')
  t.match(await statusOf(volunteer), {
    error: { code: 'registration_refused' },
    message: /does not take this server: The operator of this server does not want/,
  })
})

t.test('an origin that is down, or answers nonsense, is tried again', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 1, loadBalancers: 'open' })
  const volunteer = await network.serve()
  const nonsense: [name: string, tamper: TestServer['tamper'], message: RegExp][] = [
    ['down', (request) => (request.includes('load-balancer') ? 'drop' : undefined), /could not be asked/],
    [
      'failing',
      (request) =>
        request.includes('load-balancer') ? { status: 500, json: { error_code: 'x', message: 'a\nb' } } : undefined,
      /answered 500 to the registration\. a b/,
    ],
    [
      'another state',
      (request) => (request.startsWith('GET /v1/load-balancer') ? { json: { state: 'great' } } : undefined),
      /answered 200 to the registration/,
    ],
  ]
  for (const [name, tamper, message] of nonsense) {
    origin.tamper = tamper
    await volunteer.federation.volunteer(origin.serverName)
    await passUntilState(network, volunteer, 'unreachable')
    t.match(await statusOf(volunteer), { message, error: { code: /unreachable|bad_response/ } }, name)
    origin.tamper = () => undefined
    await passUntilState(network, volunteer, 'success')
    await volunteer.federation.stopVolunteering(origin.serverName)
  }
})

t.test('an origin that lost its database has its load balancer back within the hour', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 1, loadBalancers: 'open' })
  const volunteer = await network.serve()
  await volunteer.federation.volunteer(origin.serverName)
  await passUntilState(network, volunteer, 'success')
  await origin.store.balancers.delete(volunteer.serverName)
  await passUntilState(network, volunteer, 'deleted')
  await passUntilState(network, volunteer, 'success')
  t.same(await advertised(origin), [volunteer.serverName])
})

t.test('who stops to volunteer is advertised no more, and the origin hears of it even if it was down', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 1, loadBalancers: 'open' })
  const volunteer = await network.serve()
  await volunteer.federation.volunteer(origin.serverName)
  await passUntilState(network, volunteer, 'success')
  origin.tamper = (request) => (request.startsWith('DELETE') ? 'drop' : undefined)
  await volunteer.federation.stopVolunteering(origin.serverName)
  t.match(await statusOf(volunteer), { state: 'ending', message: /could not be told yet/ })
  t.same(await advertised(origin), [volunteer.serverName])
  await volunteer.restart()
  t.match(await statusOf(volunteer), { serverName: origin.serverName })
  origin.tamper = () => undefined
  await network.passUntil(async () => (await statusOf(volunteer)) === undefined)
  t.same(await advertised(origin), [])
  t.match(await volunteer.federation.following(), [{ serverName: origin.serverName, state: 'fresh' }])
  await volunteer.federation.stopVolunteering(origin.serverName)
  const path = `/load-balancer/${encodeURIComponent(volunteer.serverName)}`
  t.match((await ask(origin, 'GET', path)).json, { state: 'deleted' })

  await volunteer.federation.volunteer(origin.serverName)
  await passUntilState(network, volunteer, 'success')
  await volunteer.federation.unfollow(origin.serverName)
  await network.passUntil(async () => (await ask(origin, 'GET', path)).json.state === 'deleted')
  t.same(await volunteer.federation.volunteering(), [])
})

t.test('a server that has no load balancers is mirrored all the same', async (t) => {
  const network = testNetwork(t)
  const origin = await startBareServer(t, network.time.now())
  origin.putSeries('s1', 'One')
  const volunteer = await network.serve()
  await volunteer.federation.volunteer(origin.serverName)
  await passUntilState(network, volunteer, 'unsupported')
  t.match((await statusOf(volunteer))?.message, /software without load balancers. Its catalog stays mirrored here/)
  t.match(await volunteer.federation.following(), [{ serverName: origin.serverName, state: 'fresh' }])
})

t.test('who takes no load balancers says so', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 1, loadBalancers: 'closed' })
  const volunteer = await network.serve()
  await volunteer.federation.volunteer(origin.serverName)
  await passUntilState(network, volunteer, 'refused')
  t.match(await statusOf(volunteer), {
    error: { code: 'registration_closed' },
    message: /takes no load balancers/,
  })
})

t.test('a server that nobody reaches cannot volunteer, and none volunteers for itself', async (t) => {
  const network = testNetwork(t)
  const origin = await network.serve({ titles: 1 })
  const hidden = await network.serve({ reachable: false })
  await t.rejects(hidden.federation.volunteer(origin.serverName), {
    code: 'invalid_option',
    message: /reachable is false/,
  })
  await t.rejects(origin.federation.volunteer(origin.serverName), { code: 'invalid_parameter' })
  await t.rejects(testNetwork(t).serve({ loadBalancers: 'all' as 'open' }), {
    code: 'invalid_option',
  })
})
