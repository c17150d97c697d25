import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import {
  type CatalogRepository,
  mangaFederation,
  type MangaFederationOptions,
  memoryStore,
  type SeriesRecord,
} from './index.ts'

const serverName = 'https://manga.example.com/v1'

/** A site's database of `count` series whose titles make an object of about 2 KiB each. */
function catalogOf(count: number): CatalogRepository {
  const series = Array.from({ length: count }, (_, number): SeriesRecord => {
    const id = `s${String(number).padStart(6, '0')}`
    return { id, metadata: { en: { title: `Series ${number}`, description: 'x'.repeat(1600) } } }
  })
  return {
    listSeries: async ({ cursor = '0', limit }) => {
      const end = Number(cursor) + limit
      return { items: series.slice(Number(cursor), end), ...(end < series.length ? { next: String(end) } : {}) }
    },
    listChapters: async () => ({ items: [] }),
    getSeries: async (id) => series.find((record) => record.id === id),
    getChapter: async () => undefined,
  }
}

async function site(
  t: Test,
  options: Partial<MangaFederationOptions> = {},
  app: FastifyInstance = Fastify(),
): Promise<FastifyInstance> {
  t.teardown(() => app.close())
  await app.register(mangaFederation, {
    serverName,
    catalog: catalogOf(3),
    store: async () => memoryStore(),
    ...options,
  })
  return app
}

t.test('a site that registers the plugin serves its keys and its signed catalog', async (t) => {
  const app = await site(t)
  const expectations: [string, RegExp][] = [
    ['/.well-known/manga/servers', /"primary":"https:\/\/manga\.example\.com\/v1"/],
    ['/v1/federation/version', /"name":"manga-federation"/],
    ['/v1/keys', /"verify_keys":\{"ed25519:/],
    ['/v1/manga/series', /"id":"s000000".*"signatures"/],
    ['/v1/manga/series?limit=1', /"id":"s000000"/],
    [`/v1/manga/series/origin/${encodeURIComponent(serverName)}`, /"id":"s000002"/],
    ['/v1/manga/series/origin/https:/manga.example.com/v1', /"id":"s000002"/],
    ['/v1/manga/chapters?series_id=s000000', /^\[\]$/],
  ]
  for (const [url, body] of expectations) {
    const answer = await app.inject({ url })
    t.equal(answer.statusCode, 200, url)
    t.equal(answer.headers['content-type'], 'application/json')
    t.match(answer.body, body)
    const head = await app.inject({ method: 'HEAD', url })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.equal(head.headers['content-length'], answer.headers['content-length'])
  }
  t.equal(app.mangaFederation.serverName, serverName)
})

t.test('the longest server name is routed', async (t) => {
  const app = await site(t)
  const name = `https://manga.example.com/${'a'.repeat(226)}/v1`
  const answer = await app.inject({ url: `/v1/manga/series/origin/${encodeURIComponent(name)}` })
  t.match({ status: answer.statusCode, ...answer.json() }, { status: 404, error_code: 'not_mirrored' })
})

t.test('the site’s own routes, parsers, error handler, hooks and 404 stay as they are', async (t) => {
  const app = Fastify()
  const seen: string[] = []
  app.addHook('onRequest', async (request) => void seen.push(request.url))
  app.setErrorHandler(async (error: Error, _request, reply) => reply.code(418).send(`site: ${error.message}`))
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('site: nothing here'))
  app.post('/comments', async (request) => request.body)
  app.get('/broken', async () => Promise.reject(new Error('own fault')))
  await site(t, {}, app)
  t.same((await app.inject({ method: 'POST', url: '/comments', payload: { a: 1 } })).json(), { a: 1 })
  t.equal(
    (await app.inject({ method: 'POST', url: '/comments', headers: { 'content-type': 'text/csv' }, payload: 'a' }))
      .statusCode,
    418,
  )
  t.equal((await app.inject('/broken')).body, 'site: own fault')
  for (const url of ['/nothing', '/v1/nothing', '/v1/%6Beys'])
    t.equal((await app.inject(url)).body, 'site: nothing here', url)
  t.ok(seen.includes('/comments'))
})

t.test('a method that a path does not have gets 405, whatever its body', async (t) => {
  const app = await site(t)
  for (const contentType of ['application/json', 'text/plain', 'application/x-unknown']) {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/federation/version',
      headers: { 'content-type': contentType },
      payload: '{broken',
    })
    t.equal(answer.statusCode, 405)
    t.equal(answer.headers.allow, 'GET, HEAD, OPTIONS')
  }
  t.equal((await app.inject({ method: 'OPTIONS', url: '/v1/federation/version' })).statusCode, 204)
})

t.test('@fastify/swagger lists the routes with their parameters', async (t) => {
  const app = Fastify()
  await app.register(swagger, { openapi: { info: { title: 'A site', version: '1' } } })
  await site(t, {}, app)
  await app.ready()
  const { paths = {} } = app.swagger() as {
    paths?: Record<string, Record<string, { summary?: string; parameters?: { name: string }[] }>>
  }
  t.same(Object.keys(paths).sort(), [
    '/.well-known/manga/servers',
    '/v1/federation/followers',
    '/v1/federation/followers/{server_name}',
    '/v1/federation/send/{id}',
    '/v1/federation/version',
    '/v1/keys',
    '/v1/keys/origin/{server_name}',
    '/v1/keys/query',
    '/v1/keys/query/{server_name}',
    '/v1/load-balancer',
    '/v1/load-balancer/{server_name}',
    '/v1/manga/chapters',
    '/v1/manga/chapters/origin/{server_name}',
    '/v1/manga/log/entries',
    '/v1/manga/log/events',
    '/v1/manga/log/head',
    '/v1/manga/log/origin/{server_name}/entries',
    '/v1/manga/log/origin/{server_name}/head',
    '/v1/manga/series',
    '/v1/manga/series/origin/{server_name}',
  ])
  t.same(Object.keys(paths['/v1/manga/series'] ?? {}), ['get'])
  t.match(paths['/v1/manga/log/origin/{server_name}/head']?.get?.parameters, [{ in: 'path', name: 'server_name' }])
  t.match(paths['/v1/federation/send/{id}']?.put?.parameters, [{ in: 'path', name: 'id' }])
  t.same(paths['/v1/manga/chapters']?.get?.parameters?.map(({ name }) => name).sort(), [
    'cursor',
    'limit',
    'locale',
    'q',
    'series_id',
    'since',
  ])
})

t.test('registering in the wrong place or twice stops with what to do', async (t) => {
  const twice = await site(t)
  await t.rejects(
    async () =>
      twice.register(mangaFederation, { serverName, catalog: catalogOf(0), store: async () => memoryStore() }),
    /registered twice/,
  )
  const prefixed = Fastify()
  t.teardown(() => prefixed.close())
  await t.rejects(async () => {
    await prefixed.register(
      async (scope) => {
        await scope.register(mangaFederation, { serverName, catalog: catalogOf(0), store: async () => memoryStore() })
      },
      { prefix: '/api' },
    )
    await prefixed.ready()
  }, /root instance/)
})

t.test('without a store the identity lives in an SQLite file of mode 0600 and survives a restart', async (t) => {
  const databasePath = join(t.testdir(), 'manga-federation.db')
  const keysOf = async (name: string): Promise<unknown> => {
    const app = Fastify()
    await app.register(mangaFederation, { serverName: name, catalog: catalogOf(3), databasePath })
    try {
      const document = (await app.inject('/v1/keys')).json<{ verify_keys: unknown }>()
      t.equal((await app.inject('/v1/manga/series')).json().length, 3)
      return document.verify_keys
    } finally {
      await app.close()
    }
  }
  const first = await keysOf(serverName)
  t.equal((await stat(databasePath)).mode & 0o777, 0o600)
  t.same(await keysOf(serverName), first)
  await t.rejects(keysOf('https://other.example.com/v1'), { code: 'identity_mismatch' })
  t.same(await keysOf(serverName), first)
})

t.test('a client that goes away in the middle of a listing ends the reading of the store', async (t) => {
  const store = memoryStore()
  let pages = 0
  const { list } = store.catalog
  store.catalog.list = (query) => {
    pages += 1
    return list(query)
  }
  const app = await site(t, { catalog: catalogOf(20_000), store: async () => store })
  const connection = once(app.server, 'connection') as Promise<[Socket]>
  await app.listen({ host: '127.0.0.1', port: 0 })
  const status = await app.mangaFederation.catalog.reconcile()
  t.equal(status.outcome, 'complete')
  const { port } = app.server.address() as AddressInfo
  const request = http.get({ host: '127.0.0.1', port, path: '/v1/manga/series', agent: false })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  await once(response, 'readable')
  const [socket] = await connection
  request.destroy()
  // Not once(): a reset connection is no failure here.
  await new Promise((resolve) => socket.once('close', resolve))
  const pagesThen = pages
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(pagesThen < 20_000 / 256 / 2, `back-pressure: ${pagesThen} of 79 pages were read`)
  t.equal(pages, pagesThen, 'nothing is read after the client left')
})
