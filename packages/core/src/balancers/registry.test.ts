import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { encodeCanonical, type JsonValue } from '../json/index.ts'
import { keyDocument, startOrigin, testKey, type TestOrigin } from '../keys/test-origin.ts'
import type { LoadBalancer } from '../store/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { newBalancer } from './balancer-state.ts'
import { createRoom } from './room.ts'
import { advertised, ask, type Signer, type TestNetwork, testNetwork, type TestServer } from './test-network.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const OWN_KEY = testKey(3)

/** Somebody who has as many server names as he likes, all on one host, with good keys and nothing else. */
interface Owner extends TestOrigin {
  /** The name that ends so, as who signs. */
  named(name: string): Signer
}

async function startOwner(t: Test, { time }: TestNetwork): Promise<Owner> {
  const origin = await startOrigin('')
  t.teardown(() => origin.close())
  origin.answer = (request: IncomingMessage, response: ServerResponse) => {
    const [, path] = /^(\/.*)\/keys$/.exec(request.url ?? '') ?? []
    if (path === undefined) response.writeHead(404).end()
    else response.end(encodeCanonical(keyDocument(origin.serverName + path, time.now() + 7 * DAY_MS, [OWN_KEY])))
  }
  const named = (name: string): Signer => ({ ...OWN_KEY, serverName: `${origin.serverName}/${name}/v1` })
  return { ...origin, named }
}

/** Registers whoever signs, and tells the answer. */
function register(
  { time }: TestNetwork,
  server: TestServer,
  signer: Signer,
  body: JsonValue = { server_name: signer.serverName },
): ReturnType<typeof ask> {
  return ask(server, 'POST', '/load-balancer', { signer, nowTs: time.now(), body })
}

function pathOf({ serverName }: Signer): string {
  return `/load-balancer/${encodeURIComponent(serverName)}`
}

/** A server that anybody may look at, with its state. */
async function stateOf(server: TestServer, signer: Signer): Promise<JsonValue | undefined> {
  return (await ask(server, 'GET', pathOf(signer))).json.state
}

t.test(
  'open: who registers is looked at; twice is as good as once; who leaves is deleted, and may come back',
  async (t) => {
    const network = testNetwork(t)
    const server = await network.serve({ loadBalancers: 'open' })
    const owner = await startOwner(t, network)
    const signer = owner.named('a')
    t.match(await ask(server, 'GET', pathOf(signer)), { status: 404, json: { error_code: 'not_registered' } })
    for (const _time of [1, 2]) {
      t.match(await register(network, server, signer), { status: 201, json: { server_name: signer.serverName } })
    }
    t.equal((await server.federation.loadBalancers.list()).length, 1)
    t.equal(await stateOf(server, signer), 'pending')
    t.equal((await ask(server, 'GET', pathOf(signer))).headers['cache-control'], 'no-store')
    await network.passUntil(async () => (await stateOf(server, signer)) === 'error')
    const path = pathOf(signer)
    for (const _time of [1, 2]) {
      t.match(await ask(server, 'DELETE', path, { signer, nowTs: network.time.now() }), { status: 204, json: {} })
      t.equal(await stateOf(server, signer), 'deleted')
    }
    t.match(await server.federation.loadBalancers.list(), [{ state: 'deleted', message: /ended its registration/ }])
    t.match(await server.federation.followers(), [{ serverName: signer.serverName }], 'a load balancer is a follower')
    owner.requests.length = 0
    await network.pass(10 * MINUTE_MS)
    t.same(
      owner.requests.filter((request) => request.includes('/manga/')),
      [],
      'it is looked at no more',
    )
    t.match(await register(network, server, signer), { status: 201 })
    t.equal(await stateOf(server, signer), 'pending')
  },
)

t.test('approve: nobody is looked at before the operator says so, and whom he refuses stays refused', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve()
  const { loadBalancers } = server.federation
  const owner = await startOwner(t, network)
  const signer = owner.named('a')
  const { serverName } = signer
  t.equal((await register(network, server, signer)).status, 201)
  t.match(await loadBalancers.list(), [{ serverName, state: 'asked', message: /waits for your word/ }])
  t.same((await ask(server, 'GET', pathOf(signer))).json, { server_name: serverName, state: 'pending' })
  await network.pass(10 * MINUTE_MS)
  t.same(owner.requests, ['/a/v1/keys'])

  t.match(await loadBalancers.approve(serverName), { state: 'pending', message: /looked at soon/ })
  await network.passUntil(async () => (await stateOf(server, signer)) === 'error')
  t.match(await loadBalancers.approve(serverName), { state: 'error', error: { code: 'E105' } }, 'once is enough')

  t.match(await loadBalancers.refuse(serverName), { state: 'refused', message: /You refused/, error: undefined })
  t.same((await ask(server, 'GET', pathOf(signer))).json, { server_name: serverName, state: 'deleted' })
  t.match(await register(network, server, signer), { status: 403, json: { error_code: 'registration_refused' } })
  t.equal((await ask(server, 'DELETE', pathOf(signer), { signer, nowTs: network.time.now() })).status, 204)
  t.match(await register(network, server, signer), { status: 403 })
  t.match(await loadBalancers.approve(serverName), { state: 'pending' })

  await ask(server, 'DELETE', pathOf(signer), { signer, nowTs: network.time.now() })
  t.equal((await register(network, server, signer)).status, 201)
  t.match(await loadBalancers.list(), [{ state: 'asked' }], 'who left asks anew')
  for (const decide of [loadBalancers.approve, loadBalancers.refuse]) {
    await t.rejects(decide('https://stranger.example/v1'), { code: 'not_registered' })
  }
})

t.test('closed: nobody further is taken, and nothing is asked for a stranger', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve({ loadBalancers: 'closed' })
  const owner = await startOwner(t, network)
  t.match(await register(network, server, owner.named('a')), {
    status: 403,
    json: { error_code: 'registration_closed' },
  })
  t.same(owner.requests, [])
  const member = owner.named('member')
  await server.store.balancers.put(newBalancer(member.serverName, 'pending', network.time.now()))
  t.match(await register(network, server, member), { status: 201 }, 'who is one already stays one')
  t.equal((await ask(server, 'DELETE', pathOf(member), { signer: member, nowTs: network.time.now() })).status, 204)
  t.match(await register(network, server, member), { status: 403 })
})

t.test('only a server itself enters itself and takes itself out', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve({ loadBalancers: 'open' })
  const owner = await startOwner(t, network)
  const [signer, other] = [owner.named('a'), owner.named('b')]
  const nowTs = network.time.now()
  const refusals: [name: string, answer: ReturnType<typeof ask>, expected: object][] = [
    [
      'no signature',
      ask(server, 'POST', '/load-balancer', { body: { server_name: signer.serverName } }),
      { status: 401, json: { error_code: 'missing_request_signature' }, headers: { 'www-authenticate': /^Signature/ } },
    ],
    [
      'a key that is not its own',
      register(network, server, { ...signer, signingKey: testKey(4).signingKey }),
      { status: 401, json: { error_code: 'invalid_request_signature' }, headers: { 'www-authenticate': /^Signature/ } },
    ],
    ['another’s name', register(network, server, signer, { server_name: other.serverName }), { status: 403 }],
    ['no name', register(network, server, signer, { name: 1 }), { status: 400 }],
    ['too much', register(network, server, signer, { server_name: 'x'.repeat(5000) }), { status: 413 }],
    ['a DELETE of another', ask(server, 'DELETE', pathOf(other), { signer, nowTs }), { status: 403 }],
    ['a DELETE without a signature', ask(server, 'DELETE', pathOf(signer)), { status: 401 }],
    ['a name that is none', ask(server, 'GET', '/load-balancer/nobody'), { status: 400 }],
    ['another method', ask(server, 'PUT', pathOf(signer)), { status: 405 }],
  ]
  for (const [name, answer, expected] of refusals) t.match(await answer, expected, name)
  t.same(await server.federation.loadBalancers.list(), [])
  t.match(await ask(server, 'DELETE', pathOf(signer), { signer, nowTs: nowTs + 1 }), { status: 204 }, 'never was one')
})

t.test('one owner has few places, and all together have a number of them', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve({ loadBalancers: 'open' })
  const owner = await startOwner(t, network)
  for (const name of ['a', 'b', 'c', 'd']) t.match(await register(network, server, owner.named(name)), { status: 201 })
  t.match(await register(network, server, owner.named('e')), {
    status: 403,
    json: { error_code: 'too_many_load_balancers', message: /4 of 127\.0\.0\.1:\d+ are registered/ },
  })
  t.match(await register(network, server, owner.named('a')), { status: 201 }, 'who is there stays there')
  await fill(server, 'success', 60)
  const another = await startOwner(t, network)
  t.match(await register(network, server, another.named('a')), {
    status: 403,
    json: { error_code: 'too_many_load_balancers', message: /64 are registered/ },
  })
  await ask(server, 'DELETE', pathOf(owner.named('a')), { signer: owner.named('a'), nowTs: network.time.now() })
  t.match(await register(network, server, another.named('a')), { status: 201 })
  await server.restart()
  t.equal(((await advertised(server)) as string[]).length, 60)
})

t.test('an owner is a registrable domain, and places change hands once a minute', async (t) => {
  const time = manualEnvironment()
  const room = createRoom(time)
  const rows = ['a', 'b', 'c', 'd'].map((name) => newBalancer(`https://${name}.volunteer.co.uk/v1`, 'pending', 0))
  t.throws(() => room.take('https://e.volunteer.co.uk:8443/v1', 'pending', rows), { code: 'too_many_load_balancers' })
  const gone = rows.map((row) => ({ ...row, state: 'deleted' as const }))
  room.take('https://e.volunteer.co.uk/v1', 'pending', gone)
  for (let number = 1; number < 64; number += 1) room.take(`https://volunteer${number}.co.uk/v1`, 'asked', rows)
  t.throws(() => room.take('https://another.co.uk/v1', 'asked', rows), {
    code: 'rate_limited',
    headers: { 'retry-after': '60' },
  })
  await time.advance(MINUTE_MS)
  room.take('https://another.co.uk/v1', 'asked', rows)
})

t.test('those who wait for the operator have a number of places, and not for ever', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve()
  await fill(server, 'asked', 256, { registeredTs: network.time.now() - 29 * DAY_MS })
  const owner = await startOwner(t, network)
  t.match(await register(network, server, owner.named('a')), {
    status: 403,
    json: { message: /256 servers wait for the word of its operator/ },
  })
  await fill(server, 'asked', 1, { registeredTs: network.time.now() - 31 * DAY_MS })
  await fill(server, 'deleted', 1, {
    registeredTs: network.time.now() - 31 * DAY_MS,
    serverName: 'https://gone.example/v1',
  })
  await server.restart()
  t.match(await register(network, server, owner.named('a')), { status: 201 })
  t.equal(await server.store.balancers.get('https://gone.example/v1'), undefined)

  await fill(server, 'success', 64)
  await t.rejects(server.federation.loadBalancers.approve('https://asked2.example/v1'), {
    code: 'too_many_load_balancers',
  })
})

t.test('a flood of registrations costs a bounded number of requests', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve({ loadBalancers: 'open' })
  const owner = await startOwner(t, network)
  const statuses = new Map<number, number>()
  for (let number = 0; number < 500; number += 1) {
    const { status } = await register(network, server, owner.named(`flood${number}`))
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  await network.pass(60 * MINUTE_MS)
  t.equal(statuses.get(201), 4)
  const looks = owner.requests.filter((request) => request.includes('/manga/'))
  t.ok(looks.length <= 4 * 6, `${looks.length} looks in an hour`)
  t.ok(owner.requests.length <= 20 + 4 * 12, `${owner.requests.length} requests in all`)
  t.ok((await server.store.balancers.list()).length <= 4)
})

t.test('who comes and goes is soon told to wait, and leaves few traces', async (t) => {
  const network = testNetwork(t)
  const server = await network.serve({ loadBalancers: 'open' })
  const owner = await startOwner(t, network)
  const signer = owner.named('a')
  const statuses: number[] = []
  for (let time = 0; time < 10; time += 1) {
    await network.time.advance(2_000)
    statuses.push((await register(network, server, signer)).status)
    await ask(server, 'DELETE', pathOf(signer), { signer, nowTs: network.time.now() })
  }
  t.same(statuses, [...Array<number>(8).fill(201), 429, 429])
  await fill(server, 'deleted', 300)
  t.equal((await ask(server, 'DELETE', pathOf(signer), { signer, nowTs: network.time.now() })).status, 204)
  await server.restart()
  t.equal((await server.store.balancers.list()).length, 256)
})

/** Puts so many rows into the store, each of an owner of its own. */
async function fill(
  { store }: TestServer,
  state: LoadBalancer['state'],
  count: number,
  differing: Partial<LoadBalancer> = {},
): Promise<void> {
  for (let number = 1; number <= count; number += 1) {
    const row = newBalancer(`https://${state}${number}.example/v1`, 'pending', 0)
    const dueTs = Date.UTC(2026, 0, 1) + 50 * MINUTE_MS
    await store.balancers.put({ ...row, state, nextPollTs: dueTs, registeredTs: dueTs, ...differing })
  }
}
