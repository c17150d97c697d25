import type { RequestListener } from 'node:http'
import fc from 'fast-check'
import { Keyv } from 'keyv'
import t, { type Test } from 'tap'
import { boundedCache, type Cache } from '../cache/index.ts'
import { createHttpClient, type HttpClient } from '../egress/index.ts'
import { serveHttp } from '../egress/test-servers.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { createDiscovery, type Discovery, type KnownServers } from './index.ts'
import { lifetimeMs } from './lifetime.ts'
import { readServerList } from './server-list.ts'
import { siteOf } from './site.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const NOW_TS = Date.UTC(2026, 0, 1)
const PRIMARY = 'https://manga.example.com/v1'
const BALANCER = 'https://volunteer.example/v1'

/** No jitter: the middle of its range. */
const MIDDLE = (): number => 0.5

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** A site whose well-known file the test chooses, and somebody who looks it up. */
interface Scene {
  readonly domain: string
  readonly environment: ManualEnvironment
  readonly client: HttpClient
  readonly discovery: Discovery
  /** URLs asked of the site so far. */
  readonly asked: string[]
  answer: RequestListener
  lookUp(): Promise<KnownServers>
}

const GOOD: RequestListener = (_request, response) => {
  response.end(JSON.stringify({ primary: PRIMARY, 'load-balancers': [BALANCER] }))
}

const FAILING: RequestListener = (_request, response) => {
  response.writeHead(503).end()
}

async function scene(t: Test, cache: Cache = boundedCache(10)): Promise<Scene> {
  const asked: string[] = []
  const environment = manualEnvironment(NOW_TS)
  const server = await serveHttp(t, (request, response) => {
    asked.push(request.url ?? '')
    built.answer(request, response)
  })
  const domain = `127.0.0.1:${server.port}`
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any' })
  t.teardown(() => client.close())
  const names = { allowInsecure: true }
  const discovery = createDiscovery({ client, cache, environment, names, random: MIDDLE })
  const lookUp = (): Promise<KnownServers> => discovery.lookUp(domain)
  const built: Scene = { domain, environment, client, discovery, asked, answer: GOOD, lookUp }
  return built
}

t.test('a site is asked at the root of its host, and its answer counts for a day', async (t) => {
  const site = await scene(t)
  const told = { primary: PRIMARY, loadBalancers: [BALANCER], fetchedTs: NOW_TS }
  t.same(await site.lookUp(), { ...told, source: 'fresh' })
  t.same(site.asked, ['/.well-known/manga/servers'])
  await site.environment.advance(24 * HOUR_MS - 1)
  t.same(await site.lookUp(), { ...told, source: 'cached' })
  t.equal(site.asked.length, 1)
  await site.environment.advance(1)
  t.same(await site.lookUp(), { ...told, fetchedTs: NOW_TS + 24 * HOUR_MS, source: 'fresh' })
  t.equal(site.asked.length, 2)
})

t.test('the headers of the answer say how long it counts', async (t) => {
  const site = await scene(t)
  site.answer = (_request, response) => {
    response.setHeader('cache-control', 'public, max-age=600')
    response.setHeader('content-type', 'text/plain')
    response.end(JSON.stringify({ primary: PRIMARY, 'load-balancers': [] }))
  }
  await site.lookUp()
  await site.environment.advance(10 * MINUTE_MS - 1)
  t.equal((await site.lookUp()).source, 'cached')
  await site.environment.advance(1)
  t.equal((await site.lookUp()).source, 'fresh')
})

t.test('a redirect leads to the file', async (t) => {
  const site = await scene(t)
  site.answer = (request, response) => {
    if (request.url === '/elsewhere') return GOOD(request, response)
    response.writeHead(302, { location: '/elsewhere' }).end()
  }
  t.equal((await site.lookUp()).primary, PRIMARY)
  t.same(site.asked, ['/.well-known/manga/servers', '/elsewhere'])
})

t.test('look-ups of one domain at one time are one request, however the domain is spelled', async (t) => {
  const site = await scene(t)
  const port = site.domain.split(':')[1]
  const spellings = [`127.0.0.1:${port}`, `127.1:${port}`, `0x7F000001:${port}`]
  const found = await Promise.all(Array.from({ length: 30 }, (_, i) => site.discovery.lookUp(spellings[i % 3] ?? '')))
  t.equal(site.asked.length, 1)
  t.ok(found.every(({ primary }) => primary === PRIMARY))
})

t.test('a failure is remembered for 2 minutes, doubling to an hour, and a good answer ends that', async (t) => {
  const site = await scene(t)
  site.answer = FAILING
  for (const [failuresBefore, minutes] of [2, 4, 8, 16, 32, 60, 60].entries()) {
    await t.rejects(site.lookUp(), { code: 'bad_response', message: /answered 503/ })
    await site.environment.advance(minutes * MINUTE_MS - 1)
    await t.rejects(site.lookUp(), { code: 'bad_response', message: /answered 503/ }, 'remembered')
    t.equal(site.asked.length, failuresBefore + 1)
    await site.environment.advance(1)
  }
  site.answer = GOOD
  t.equal((await site.lookUp()).source, 'fresh')
  await site.environment.advance(48 * HOUR_MS)
  site.answer = FAILING
  await t.rejects(site.lookUp())
  await site.environment.advance(2 * MINUTE_MS)
  site.answer = GOOD
  t.equal((await site.lookUp()).source, 'fresh', 'the doubling began anew')
})

t.test('a failed refresh leaves a good answer until it is 48 hours old', async (t) => {
  const site = await scene(t)
  await site.lookUp()
  site.answer = FAILING
  await site.environment.advance(24 * HOUR_MS)
  t.match(await site.lookUp(), { primary: PRIMARY, fetchedTs: NOW_TS, source: 'stale' }, 'the refresh failed')
  t.match(await site.lookUp(), { primary: PRIMARY, fetchedTs: NOW_TS, source: 'stale' }, 'the failure is remembered')
  t.equal(site.asked.length, 2)
  await site.environment.advance(24 * HOUR_MS - 1)
  t.match(await site.lookUp(), { source: 'stale' })
  await site.environment.advance(1)
  await t.rejects(site.lookUp(), { code: 'bad_response' })
})

t.test('what a site answers in place of a list is refused and remembered', async (t) => {
  const answers: [string, RequestListener, { code: string; message?: RegExp }][] = [
    ['no such file', (_, response) => response.writeHead(404).end(), { code: 'bad_response', message: /answered 404/ }],
    ['a page', (_, response) => response.end('<html>'), { code: 'bad_response', message: /Line 1, column 1/ }],
    ['over 16 KiB', (_, response) => response.end(' '.repeat(16 * 1024 + 1)), { code: 'response_too_large' }],
    ['nothing', (request) => request.socket.destroy(), { code: 'unreachable' }],
  ]
  for (const [name, answer, refusal] of answers) {
    const site = await scene(t)
    site.answer = answer
    await t.rejects(site.lookUp(), refusal, name)
    await t.rejects(site.lookUp(), refusal, `${name}, remembered`)
    t.equal(site.asked.length, 1, name)
  }
})

t.test('that the client was closed is not held against the site', async (t) => {
  const cache = boundedCache(10)
  const site = await scene(t, cache)
  await site.client.close()
  await t.rejects(site.lookUp(), { code: 'closed' })
  t.same(await cache.get(`manga-federation:servers:1:${site.domain}`), undefined)
})

t.test('processes that share a cache share what they know, good and bad', async (t) => {
  const shared = new Map<string, string>()
  const site = await scene(t, new Keyv(shared))
  const { client, environment } = site
  const other = createDiscovery({
    client,
    cache: new Keyv(shared),
    environment,
    names: { allowInsecure: true },
    random: MIDDLE,
  })
  const { source, ...told } = await site.lookUp()
  t.equal(source, 'fresh')
  t.same(await other.lookUp(site.domain), { ...told, source: 'cached' })
  site.answer = FAILING
  await environment.advance(48 * HOUR_MS)
  await t.rejects(site.lookUp(), { code: 'bad_response' })
  await t.rejects(other.lookUp(site.domain), { code: 'bad_response', message: /answered 503/ })
  t.equal(site.asked.length, 2)
})

t.test('a broken cache costs requests, never an answer', async (t) => {
  const fail = (): never => {
    throw new Error('the cache is down')
  }
  const rejecting = async (): Promise<never> => fail()
  const silent = (): Promise<never> => new Promise(() => {})
  const storeOf = (reaction: () => unknown): object => ({
    get: reaction,
    set: reaction,
    delete: reaction,
    clear: reaction,
  })
  const caches: [string, Keyv][] = [
    ['throws', new Keyv({ store: storeOf(fail) })],
    ['rejects', new Keyv({ store: storeOf(rejecting) })],
    ['rejects and is to say so', new Keyv({ store: storeOf(rejecting), throwOnErrors: true })],
    ['never answers', new Keyv({ store: storeOf(silent) })],
    ['has damaged text', new Keyv({ store: storeOf(() => '{') })],
    ['has the values of somebody else', new Keyv({ store: storeOf(() => ({ value: 'else' })) })],
  ]
  for (const [name, cache] of caches) {
    const site = await scene(t, cache)
    for (const times of [1, 2]) {
      const found = await settled(site.lookUp(), site.environment)
      t.match(found, { primary: PRIMARY, source: 'fresh' }, name)
      t.equal(site.asked.length, times, name)
    }
    t.equal(site.environment.waiting, 0, `${name}: no timer is left`)
  }
})

/** The clock goes on until there is an answer. */
async function settled<T>(promise: Promise<T>, environment: ManualEnvironment): Promise<T> {
  let isSettled = false
  const watched = promise.finally(() => {
    isSettled = true
  })
  while (!isSettled) await environment.advance(100)
  return watched
}

t.test('a domain is a host, and a port if it needs one', (t) => {
  const accepted: [string, string, string][] = [
    ['manga.example.com', 'manga.example.com', 'https://manga.example.com'],
    ['Manga.EXAMPLE.com', 'manga.example.com', 'https://manga.example.com'],
    ['manga.example.com:443', 'manga.example.com', 'https://manga.example.com'],
    ['manga.example.com:8443', 'manga.example.com:8443', 'https://manga.example.com:8443'],
    ['日本語.jp', 'xn--wgv71a119e.jp', 'https://xn--wgv71a119e.jp'],
    ['192.0.2.7', '192.0.2.7', 'https://192.0.2.7'],
    ['[2001:DB8::1]:8443', '[2001:db8::1]:8443', 'https://[2001:db8::1]:8443'],
    ['localhost:3000', 'localhost:3000', 'https://localhost:3000'],
  ]
  for (const [text, domain, origin] of accepted) {
    t.same(siteOf(text, {}), { domain, wellKnownUrl: `${origin}/.well-known/manga/servers` }, text)
  }
  const refused = [
    '',
    ' ',
    '.',
    'manga.example.com.',
    'manga.example.com:',
    'manga.example.com:65536',
    'manga.example.com:http',
    'https://manga.example.com',
    '//manga.example.com',
    'manga.example.com/v1',
    'manga.example.com\\v1',
    'manga.example.com?x',
    'manga.example.com#x',
    'user@manga.example.com',
    'user:secret@manga.example.com',
    'manga%2eexample.com',
    'manga example.com',
    'manga.example.com\n',
    '[::1',
    '::1',
    '[fe80::1%25eth0]',
    '1.2.3.400',
    'a'.repeat(260),
    'a'.repeat(1_000_000),
  ]
  for (const text of refused) {
    const error = t.throws(() => siteOf(text, {}), { code: 'invalid_parameter' }, text.slice(0, 40))
    t.ok(error instanceof Error && error.message.length < 500, 'a hostile text is not repeated whole')
  }
  t.end()
})

t.test('plain http is for loopback hosts, and only with allowInsecure', (t) => {
  const insecure: [string, string][] = [
    ['localhost:3000', 'http://localhost:3000'],
    ['a.localhost', 'http://a.localhost'],
    ['127.0.0.1:80', 'http://127.0.0.1'],
    ['127.1.2.3:443', 'http://127.1.2.3:443'],
    ['2130706433', 'http://127.0.0.1'],
    ['[::1]:3000', 'http://[::1]:3000'],
    ['manga.example.com', 'https://manga.example.com'],
    ['localhost.example.com', 'https://localhost.example.com'],
    ['127.0.0.1.example.com', 'https://127.0.0.1.example.com'],
    ['192.168.0.1', 'https://192.168.0.1'],
  ]
  for (const [text, origin] of insecure) {
    t.equal(siteOf(text, { allowInsecure: true }).wellKnownUrl, `${origin}/.well-known/manga/servers`)
    t.match(siteOf(text, {}).wellKnownUrl, /^https:/)
  }
  t.end()
})

t.test('a list has a canonical primary and at most 64 canonical load balancers, each once', (t) => {
  const names = Array.from({ length: 70 }, (_, i) => `https://volunteer-${i}.example/v1`)
  const lists: [string, unknown[], string[]][] = [
    ['none', [], []],
    ['in order', [names[2], names[0], names[1]], [`${names[2]}`, `${names[0]}`, `${names[1]}`]],
    ['twice, and the primary among them', [names[0], PRIMARY, names[0], names[1]], names.slice(0, 2)],
    ['not canonical', ['https://Volunteer.example/v1', 'http://a.example/v1', '', names[0]], names.slice(0, 1)],
    ['not texts', [null, 1, {}, [names[1]], names[0]], names.slice(0, 1)],
    ['more than 64', ['?', names[0], ...names], names.slice(0, 64)],
  ]
  for (const [name, balancers, expected] of lists) {
    const read = readServerList(encode({ primary: PRIMARY, 'load-balancers': balancers, more: 1 }), 'a.example', {})
    t.same(read, { primary: PRIMARY, loadBalancers: expected }, name)
  }
  t.end()
})

t.test('a list that names nobody to trust is refused', (t) => {
  const balancers = [BALANCER]
  const refused: [unknown, RegExp][] = [
    [[], /not an object/],
    [null, /not an object/],
    [{}, /primary/],
    [{ primary: PRIMARY }, /load-balancers/],
    [{ 'load-balancers': balancers }, /primary/],
    [{ primary: PRIMARY, 'load-balancers': BALANCER }, /load-balancers/],
    [{ primary: PRIMARY, 'load-balancers': { length: 0 } }, /load-balancers/],
    [{ primary: [PRIMARY], 'load-balancers': balancers }, /primary/],
    [{ primary: `${PRIMARY}/`, 'load-balancers': balancers }, /write https:\/\/manga\.example\.com\/v1/],
    [{ primary: 'http://manga.example.com/v1', 'load-balancers': balancers }, /begins with http/],
    [{ primary: PRIMARY, 'load-balancers': balancers, weight: 0.5 }, /fraction/],
  ]
  for (const [file, reason] of refused) {
    const read = (): unknown => readServerList(encode(file), 'a.example', {})
    t.throws(read, { code: 'bad_response', message: reason }, JSON.stringify(file))
    t.throws(read, { message: /a\.example/ }, 'and it is said whose it is')
  }
  t.end()
})

t.test('headers say how long an answer counts, between 5 minutes and 48 hours', (t) => {
  const inAnHour = new Date(NOW_TS + HOUR_MS).toUTCString()
  const day = 24 * 60
  const cases: [Record<string, string>, number][] = [
    [{}, day],
    [{ 'cache-control': 'public' }, day],
    [{ 'cache-control': 'max-age=3600' }, 60],
    [{ 'cache-control': 'Public, Max-Age="3600" ,immutable' }, 60],
    [{ 'cache-control': 'max-age=3600, max-age=7200' }, 60],
    [{ 'cache-control': 'private="set-cookie, max-age=60", max-age=3600' }, 60],
    [{ 'cache-control': 'x-max-age=60, max-age=3600' }, 60],
    [{ 'cache-control': 'max-age=3600, s-maxage=60' }, 60],
    [{ 'cache-control': 's-maxage=60' }, day],
    [{ 'cache-control': 'max-age=3600', age: '600' }, 50],
    [{ 'cache-control': 'max-age=3600', age: '-600' }, 60],
    [{ 'cache-control': 'max-age=3600', age: '7200' }, 5],
    [{ 'cache-control': 'max-age=0' }, 5],
    [{ 'cache-control': 'max-age=-1' }, 5],
    [{ 'cache-control': 'max-age' }, 5],
    [{ 'cache-control': 'max-age=1e9' }, 5],
    [{ 'cache-control': 'no-store, max-age=3600' }, 5],
    [{ 'cache-control': 'no-cache' }, 5],
    [{ 'cache-control': `max-age=${'9'.repeat(400)}` }, 2 * day],
    [{ 'cache-control': 'max-age=3600', expires: '0' }, 60],
    [{ 'cache-control': ',,;="', expires: inAnHour }, 60],
    [{ expires: inAnHour }, 60],
    [{ expires: inAnHour, age: '600' }, 50],
    [{ expires: inAnHour, date: new Date(NOW_TS - HOUR_MS).toUTCString() }, 120],
    [{ expires: inAnHour, date: 'today' }, 60],
    [{ expires: '0' }, 5],
    [{ expires: '-1' }, 5],
    [{ expires: 'never' }, 5],
    [{ expires: `${inAnHour}, ${inAnHour}` }, 5],
  ]
  for (const [headers, minutes] of cases) {
    t.equal(lifetimeMs(headers, NOW_TS, MIDDLE), minutes * MINUTE_MS, JSON.stringify(headers).slice(0, 80))
  }
  t.end()
})

t.test('jitter spreads a lifetime by a tenth to both sides, and never beyond the bounds', (t) => {
  const stated = (seconds: number): Record<string, string> => ({ 'cache-control': `max-age=${seconds}` })
  t.equal(
    lifetimeMs(stated(3600), NOW_TS, () => 0),
    54 * MINUTE_MS,
  )
  t.equal(
    lifetimeMs(stated(3600), NOW_TS, () => 1 - 2 ** -53),
    66 * MINUTE_MS,
  )
  const seconds = fc.integer({ min: 0, max: 400_000 })
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(seconds, random, (maxAge, value) => {
      const lifetime = lifetimeMs(stated(maxAge), NOW_TS, () => value)
      const meant = Math.min(Math.max(maxAge * 1000, 5 * MINUTE_MS), 48 * HOUR_MS)
      return (
        lifetime >= 5 * MINUTE_MS &&
        lifetime <= 48 * HOUR_MS &&
        Math.abs(lifetime - meant) <= Math.ceil(meant / 10) &&
        Number.isSafeInteger(lifetime)
      )
    }),
  )
  t.end()
})
