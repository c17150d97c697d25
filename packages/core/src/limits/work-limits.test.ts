import fc from 'fast-check'
import t from 'tap'
import { FederationError } from '../errors.ts'
import { manualEnvironment } from '../test-environment.ts'
import { clientNetwork } from './client-network.ts'
import { createWorkLimits, type Release, type StrangersWork, type WorkLimits } from './index.ts'
import { createTokenBuckets } from './token-buckets.ts'

const CLIENT = '192.0.2.1'

/** Clients and targets without end. */
const newClient = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
const newTarget = (index: number): string => `https://server-${index}.example/v1`

/** How much work is allowed before the first refusal, one piece after the other. */
function allowed(limits: WorkLimits, workOf: (index: number) => StrangersWork): number {
  for (let count = 0; ; count++) {
    if (refusedFor(limits, workOf(count)) !== undefined) return count
  }
}

/** The seconds of `retry-after` with which work is refused; undefined when it is not. */
function refusedFor(limits: WorkLimits, work: StrangersWork): number | undefined {
  try {
    limits.take(work)()
    return undefined
  } catch (error) {
    if (!(error instanceof FederationError) || error.code !== 'rate_limited') throw error
    return Number(error.headers['retry-after'])
  }
}

t.test('each limit lets its burst through, and then its rate', async (t) => {
  const kinds: [string, (index: number) => StrangersWork, number, number][] = [
    ['one client', (index) => ({ clientAddress: CLIENT, serverName: newTarget(index) }), 100, 1000],
    ['one target', (index) => ({ clientAddress: newClient(index), serverName: newTarget(0) }), 20, 6000],
    ['all', (index) => ({ clientAddress: newClient(index), serverName: newTarget(index) }), 500, 100],
  ]
  for (const [name, workOf, burst, refillMs] of kinds) {
    const environment = manualEnvironment()
    const limits = createWorkLimits({ environment })
    const another = workOf(burst)
    t.equal(allowed(limits, workOf), burst, `${name}: the burst`)
    t.equal(refusedFor(limits, another), Math.ceil(refillMs / 1000), `${name}: when to come back`)
    await environment.advance(refillMs - 1)
    t.not(refusedFor(limits, another), undefined, `${name}: not a moment earlier`)
    await environment.advance(1)
    t.equal(
      allowed(limits, () => another),
      1,
      `${name}: one more`,
    )
    await environment.advance(burst * refillMs)
    t.equal(allowed(limits, workOf), burst, `${name}: full again after a rest, and no fuller`)
  }
})

t.test('whoever comes back when the refusal says is let through', async (t) => {
  const environment = manualEnvironment()
  const limits = createWorkLimits({ environment })
  const work = { clientAddress: CLIENT, serverName: newTarget(0) }
  allowed(limits, () => work)
  await environment.advance(500)
  t.throws(() => limits.take(work), {
    code: 'rate_limited',
    status: 429,
    headers: { 'retry-after': '6' },
    message: /ask again in 6 s/,
  })
  await environment.advance(6000)
  t.equal(refusedFor(limits, work), undefined)
})

t.test('refused work uses up nothing', (t) => {
  const limits = createWorkLimits({ environment: manualEnvironment() })
  const work = { clientAddress: CLIENT, serverName: newTarget(0) }
  t.equal(
    allowed(limits, () => work),
    20,
  )
  for (let i = 0; i < 1000; i++) refusedFor(limits, work)
  t.equal(
    allowed(limits, (index) => ({ clientAddress: CLIENT, serverName: newTarget(index + 1) })),
    80,
  )
  t.end()
})

t.test('a host is one target, whatever the paths of its server names', (t) => {
  const limits = createWorkLimits({ environment: manualEnvironment() })
  const workOf = (index: number): StrangersWork => ({
    clientAddress: newClient(index),
    serverName: `https://victim.example/${index}/v1`,
  })
  t.equal(allowed(limits, workOf), 20)
  const neighbor = { clientAddress: CLIENT, serverName: 'https://victim.example:8443/v1' }
  t.equal(refusedFor(limits, neighbor), undefined, 'another port is another server')
  t.end()
})

t.test('at most 64 requests are under way, and each makes room once when it is over', (t) => {
  const limits = createWorkLimits({ environment: manualEnvironment() })
  const workOf = (index: number): StrangersWork => ({ clientAddress: newClient(index), serverName: newTarget(index) })
  const releases: Release[] = Array.from({ length: 64 }, (_, index) => limits.take(workOf(index)))
  t.equal(refusedFor(limits, workOf(64)), 1)
  releases[0]?.()
  releases[0]?.()
  const release = limits.take(workOf(65))
  t.throws(() => limits.take(workOf(66)), { code: 'rate_limited' }, 'the second call made no room')
  release()
  t.equal(refusedFor(limits, workOf(67)), undefined)
  t.end()
})

t.test('clients are told apart by IPv4 address or IPv6 network', (t) => {
  const networks: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', 'unknown'],
    ['manga.example.com', 'unknown'],
    ['192.0.2.1, 192.0.2.2', 'unknown'],
    ['x'.repeat(100_000), 'unknown'],
  ]
  for (const [address, network] of networks) t.equal(clientNetwork(address), network, address.slice(0, 40))
  t.end()
})

t.test('clients of one IPv6 network share a limit', (t) => {
  const limits = createWorkLimits({ environment: manualEnvironment() })
  const workOf = (index: number): StrangersWork => ({
    clientAddress: `2001:db8::${index.toString(16)}`,
    serverName: newTarget(index),
  })
  t.equal(allowed(limits, workOf), 100)
  t.equal(refusedFor(limits, { clientAddress: '2001:db8:0:1::1', serverName: newTarget(0) }), undefined)
  t.end()
})

t.test('over any time a bucket gives at most its burst and its refill, and refuses for nothing else', (t) => {
  const scenario = fc.record({
    burst: fc.integer({ min: 1, max: 5 }),
    refillMs: fc.integer({ min: 1, max: 50 }),
    pausesMs: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 120 })), { maxLength: 60 }),
  })
  fc.assert(
    fc.property(scenario, ({ burst, refillMs, pausesMs }) => {
      let now = 1_000_000
      const buckets = createTokenBuckets({ burst, refillMs }, 1, { ...manualEnvironment(), now: () => now })
      const taken: number[] = []
      for (const pauseMs of pausesMs) {
        now += pauseMs
        const isAllowed = buckets.waitMs('key') === 0
        if (isAllowed !== isLawful([...taken, now], burst, refillMs)) return false
        if (!isAllowed) continue
        buckets.take('key')
        taken.push(now)
      }
      return true
    }),
  )
  t.end()
})

/** Whether between any two of these times no more was taken than burst + refill × time. */
function isLawful(times: readonly number[], burst: number, refillMs: number): boolean {
  return times.every((from, first) =>
    times.slice(first).every((to, count) => count + 1 <= burst + (to - from) / refillMs),
  )
}

t.test('buckets are bounded, and a clock that is set back locks nobody out', (t) => {
  let now = 1_000_000
  const buckets = createTokenBuckets({ burst: 1, refillMs: 1000 }, 2, { ...manualEnvironment(), now: () => now })
  for (const key of ['a', 'b', 'c']) buckets.take(key)
  t.equal(buckets.waitMs('a'), 0, 'forgotten')
  t.equal(buckets.waitMs('c'), 1000)
  now -= 500_000
  t.equal(buckets.waitMs('c'), 1000)
  t.end()
})
