import t from 'tap'
import { testRepository } from './catalog/test-repository.ts'
import {
  createFederation,
  environment,
  FederationError,
  type FederationOptions,
  type FederationRequest,
  type FederationResponse,
  memoryStore,
} from './index.ts'
import { encodeServerNameSegment } from './names/index.ts'
import { manualEnvironment } from './test-environment.ts'
import { VERSION } from './version.ts'
import packageJson from '../package.json' with { type: 'json' }

const serverName = 'https://manga.example.com/v1'
const own = encodeServerNameSegment(serverName)

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: () => unknown
}

function request(method: string, target: string, headers: FederationRequest['headers'] = {}): FederationRequest {
  return { method, target, headers, clientAddress: '192.0.2.1', body: async () => new Uint8Array() }
}

async function site(count: number, options: Partial<FederationOptions> = {}) {
  const repository = testRepository(count)
  const time = manualEnvironment()
  const federation = createFederation({
    serverName,
    catalog: repository,
    store: async () => memoryStore(),
    [environment]: time,
    ...options,
  })
  await federation.start()
  const ask = async (method: string, target: string, headers: Record<string, string> = {}): Promise<Answer> =>
    read(await federation.handle(request(method, target, headers)))
  return { repository, federation, time, ask, get: (target: string, headers = {}) => ask('GET', target, headers) }
}

async function read(response: FederationResponse | undefined): Promise<Answer> {
  if (!response) throw new Error('not a request of the federation')
  const chunks: Uint8Array[] = []
  if (response.body instanceof Uint8Array) chunks.push(response.body)
  else if (response.body) for await (const chunk of response.body) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as unknown }
}

function idsOf(answer: Answer): string[] {
  return (answer.json() as { id: string }[]).map(({ id }) => id)
}

t.test('every route answers at its place', async (t) => {
  const { get } = await site(3)
  t.same((await get('/.well-known/manga/servers')).json(), { primary: serverName, 'load-balancers': [] })
  t.same((await get('/v1/federation/version')).json(), {
    server: { name: 'manga-federation', version: VERSION },
    features: ['log', 'push'],
  })
  t.equal(VERSION, packageJson.version, 'the version is that of the package')
  t.match((await get('/v1/keys')).json(), { server_name: serverName })
  t.same(idsOf(await get('/v1/manga/series')), ['s1', 's2', 's3'])
  t.same(idsOf(await get(`/v1/manga/series/origin/${own}`)), ['s1', 's2', 's3'])
  t.same(idsOf(await get('/v1/manga/chapters?series_id=s2')), ['s2-1', 's2-1.5'])
  t.equal(idsOf(await get(`/v1/manga/chapters/origin/${own}`)).length, 6)
  t.same(idsOf(await get(`/v1/manga/chapters/origin/${own}?series_id=s3`)), ['s3-1', 's3-1.5'])
  t.same(idsOf(await get('/v1/manga/chapters?series_id=unknown')), [])
})

t.test('what is not ours is left to the site', async (t) => {
  const { federation } = await site(0)
  for (const target of [
    '/',
    '/v1',
    '/v1/',
    '/v1/other',
    '/keys',
    '/v1/manga/series/origin/',
    '/.well-known/manga',
    '*',
    '/v1/KEYS',
    '/V1/keys',
    '//v1/keys',
  ]) {
    t.equal(federation.owns(target), false, target)
    t.equal(await federation.handle(request('GET', target)), undefined)
  }
  for (const target of ['/v1/keys', '/v1/keys/', '/v1/keys?x=1', '/v1/manga/series/origin/x'])
    t.equal(federation.owns(target), true, target)
})

t.test('a site behind a rewriting proxy mounts the API elsewhere, and its links keep the public name', async (t) => {
  for (const mountPath of ['', '/', '/inner/api']) {
    const { get } = await site(2, { mountPath })
    const answer = await get(`${mountPath === '/' ? '' : mountPath}/manga/series?limit=1`)
    t.match(answer.headers.link, `<${serverName}/manga/series?limit=1&cursor=`)
    t.equal((await get('/.well-known/manga/servers')).status, 200)
  }
})

t.test('bad input gets 400 or 404 with a code and what to mend', async (t) => {
  const { get } = await site(3)
  const cases: [string, number, string, RegExp][] = [
    ['/v1/manga/chapters', 400, 'missing_series_id', /series_id=/],
    ['/v1/manga/chapters?series_id=', 400, 'missing_series_id', /series_id=/],
    [`/v1/manga/chapters/origin/${own}?series_id=`, 400, 'missing_series_id', /series_id=/],
    ['/v1/manga/chapters?series_id=a&series_id=b', 400, 'invalid_parameter', /series_id once/],
    ['/v1/manga/series?limit=0', 400, 'invalid_limit', /1 to 1000/],
    ['/v1/manga/series?limit=1001', 400, 'invalid_limit', /1 to 1000/],
    ['/v1/manga/series?limit=', 400, 'invalid_limit', /1 to 1000/],
    ['/v1/manga/series?limit=1.5', 400, 'invalid_limit', /whole number/],
    ['/v1/manga/series?limit=1e2', 400, 'invalid_limit', /whole number/],
    ['/v1/manga/series?limit=-1', 400, 'invalid_limit', /whole number/],
    ['/v1/manga/series?limit=99999999999999999999', 400, 'invalid_limit', /whole number/],
    ['/v1/manga/series?limit=1&limit=2', 400, 'invalid_parameter', /limit once/],
    ['/v1/manga/series?limit=10&cursor=nonsense', 400, 'invalid_cursor', /without a cursor/],
    ['/v1/manga/series?limit=10&cursor=', 400, 'invalid_cursor', /without a cursor/],
    ['/v1/manga/series?cursor=%F0%9F%98%80', 400, 'invalid_cursor', /without a cursor/],
    ['/v1/manga/series?since=yesterday', 400, 'invalid_parameter', /since is a whole number/],
    ['/v1/manga/series?since=-5', 400, 'invalid_parameter', /since is a whole number/],
    ['/v1/manga/series?locale=pt_BR', 400, 'invalid_parameter', /locale is a language tag/],
    ['/v1/manga/series?q=%FF', 400, 'invalid_parameter', /q is not percent-encoded UTF-8/],
    [`/v1/manga/series?q=${'a'.repeat(3000)}`, 400, 'invalid_parameter', /longer than 2048/],
    ['/v1/manga/series/origin/nonsense', 400, 'invalid_server_name', /not a URL/],
    ['/v1/manga/series/origin/%', 400, 'invalid_server_name', /percent-encoded/],
    ['/v1/manga/series/origin/http%3A%2F%2Fmanga.example.com%2Fv1', 400, 'invalid_server_name', /http/],
    [
      '/v1/manga/series/origin/https%3A%2F%2FMANGA.example.com%2Fv1',
      400,
      'invalid_server_name',
      /write https:\/\/manga\.example\.com\/v1/,
    ],
    [
      '/v1/manga/series/origin/https%3A%2F%2Fother.example.com%2Fv1',
      404,
      'not_mirrored',
      /no catalog of https:\/\/other/,
    ],
  ]
  for (const [target, status, code, message] of cases) {
    const answer = await get(target)
    t.match(
      { status: answer.status, ...(answer.json() as object) },
      { status, error_code: code, message },
      target.slice(0, 80),
    )
    t.equal(answer.headers['content-type'], 'application/json')
    t.equal(answer.headers['access-control-allow-origin'], '*')
  }
})

t.test('HEAD is GET without its body, OPTIONS tells the methods, and others get 405', async (t) => {
  const { ask } = await site(3)
  for (const target of ['/v1/keys', '/v1/manga/series?limit=2', '/v1/manga/series', '/.well-known/manga/servers']) {
    const [head, get] = [await ask('HEAD', target), await ask('GET', target)]
    t.same(head.headers, get.headers, target)
    t.equal(head.text, '')
    t.equal(Number(head.headers['content-length']), Buffer.byteLength(get.text))
  }
  const options = await ask('OPTIONS', '/v1/manga/series')
  t.match(options, { status: 204, headers: { allow: 'GET, HEAD, OPTIONS', 'access-control-allow-origin': '*' } })
  const post = await ask('POST', '/v1/manga/series')
  t.match(post, { status: 405, headers: { allow: 'GET, HEAD, OPTIONS' } })
  t.match(post.json(), { error_code: 'method_not_allowed' })
})

t.test('pages follow each other by their links, each object once, also while others come and go', async (t) => {
  const { get, repository, federation } = await site(25)
  let target: string | undefined = '/v1/manga/series?limit=4&locale=en'
  const seen: string[] = []
  for (let page = 0; target; page += 1) {
    const answer: Answer = await get(target)
    seen.push(...idsOf(answer))
    const url: string | undefined = answer.headers.link?.match(/^<(.*)>; rel="next"$/)?.[1]
    target = url && url.slice(new URL(url).origin.length)
    if (page === 2) {
      repository.series.delete('s1')
      repository.series.set('s00', { id: 's00', metadata: { en: { title: 'Before' } } })
      await federation.catalog.changed({ series: ['s1', 's00'] })
    }
  }
  t.same(seen, [...seen].sort())
  t.equal(seen.length, 25)
  t.equal(new Set(seen).size, 25)
})

t.test('a listing without limit is whole, in pieces when it is long', async (t) => {
  const { get, federation } = await site(600)
  const response = await federation.handle(request('GET', '/v1/manga/series'))
  t.notOk(response?.body instanceof Uint8Array, 'streamed')
  t.equal(response?.headers['content-length'], undefined)
  const whole = await get('/v1/manga/series')
  t.equal(idsOf(whole).length, 600)
  t.equal(idsOf(await get('/v1/manga/series?limit=1000')).length, 600)
  for (const count of [0, 1, 255, 256, 257, 512]) {
    const { get: from } = await site(count)
    t.equal(idsOf(await from('/v1/manga/series')).length, count, `${count} series`)
  }
})

t.test('an ETag names the state and the query; who has it gets 304 without a body', async (t) => {
  const { get, repository, federation, time } = await site(3)
  const targets = [
    '/v1/manga/series',
    '/v1/manga/series?limit=2',
    '/v1/manga/series?limit=3',
    '/v1/manga/chapters?series_id=s1',
    '/v1/manga/chapters?series_id=s2',
    `/v1/manga/series/origin/${own}`,
  ]
  const before = await Promise.all(targets.map((target) => get(target)))
  const etags = before.map((answer) => answer.headers.etag ?? '')
  t.equal(new Set(etags).size, targets.length, 'each its own')
  for (const [index, target] of targets.entries()) {
    const etag = etags[index] ?? ''
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await get(target, { 'if-none-match': header })
      t.match(answer, { status: 304, text: '', headers: { etag } })
      t.equal(answer.headers['content-length'], undefined)
    }
    t.equal((await get(target, { 'if-none-match': '"other"' })).status, 200)
  }
  await time.advance(1)
  repository.series.set('s4', { id: 's4', metadata: { en: { title: 'New' } } })
  await federation.catalog.changed({ series: ['s4'] })
  t.equal((await get('/v1/manga/series', { 'if-none-match': etags[0] })).status, 200)
  for (const target of ['/v1/keys', '/v1/federation/version', '/.well-known/manga/servers']) {
    const { headers } = await get(target)
    t.equal((await get(target, { 'if-none-match': headers.etag })).status, 304, target)
  }
})

t.test('what this process stores shows at once, and what another one stores within 20 ms', async (t) => {
  const store = memoryStore()
  const { get, repository, federation, time } = await site(1, { store: async () => store })
  const other = await site(0, { store: async () => store, catalog: repository, [environment]: time })
  t.same(idsOf(await get('/v1/manga/series?limit=5')), ['s1'])
  repository.series.set('s2', { id: 's2', metadata: { en: { title: 'Two' } } })
  await federation.catalog.changed({ series: ['s2'] })
  t.same(idsOf(await get('/v1/manga/series?limit=5')), ['s1', 's2'])
  repository.series.set('s3', { id: 's3', metadata: { en: { title: 'Three' } } })
  await other.federation.catalog.changed({ series: ['s3'] })
  await time.advance(19)
  t.same(idsOf(await get('/v1/manga/series?limit=5')), ['s1', 's2'])
  await time.advance(1)
  t.same(idsOf(await get('/v1/manga/series?limit=5')), ['s1', 's2', 's3'])
})

t.test('since, locale and q filter, alone and together', async (t) => {
  const { get, repository, federation, time } = await site(0)
  const add = async (id: string, metadata: Record<string, { title: string; 'alternative-titles'?: string[] }>) => {
    repository.series.set(id, { id, metadata })
    await federation.catalog.changed({ series: [id] })
    await time.advance(1000)
  }
  const start = time.now()
  await add('a', { en: { title: 'Tower of God', 'alternative-titles': ['신의 탑'] } })
  await add('b', { 'pt-BR': { title: 'Torre de Deus' }, ja: { title: '神之塔' } })
  await add('c', { pt: { title: '100% Perfect_Girl' } })
  const cases: [string, string[]][] = [
    [`since=${start}`, ['a', 'b', 'c']],
    [`since=${start + 1000}`, ['b', 'c']],
    [`since=${start + 2001}`, []],
    ['locale=pt', ['b', 'c']],
    ['locale=PT-br', ['b']],
    ['locale=po', []],
    ['locale=en', ['a']],
    ['q=tower', ['a']],
    ['q=TOWER%20OF', ['a']],
    ['q=%EC%8B%A0%EC%9D%98', ['a']],
    ['q=%25', ['c']],
    ['q=t_g', ['c']],
    ['q=%27', []],
    ['q=', ['a', 'b', 'c']],
    ['q=to&locale=pt', ['b']],
    [`q=to&locale=pt&since=${start + 1001}`, []],
  ].map(([query, ids]) => [String(query), ids as string[]])
  for (const [query, ids] of cases) t.same(idsOf(await get(`/v1/manga/series?${query}`)), ids, query)
})

t.test('every read may be cached and read by any page', async (t) => {
  const { get } = await site(3)
  const { headers } = await get('/v1/manga/series?limit=1')
  t.match(headers, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': /link/,
    'cache-control': 'public, max-age=10, stale-while-revalidate=60, stale-if-error=86400',
  })
})

t.test('wrong options stop at once and say what to write', (t) => {
  const good = { serverName, catalog: testRepository(), store: async () => memoryStore() }
  const cases: [object, string, RegExp][] = [
    [{ ...good, serverName: 'https://manga.example.com' }, 'invalid_server_name', /end in \/v1/],
    [{ ...good, serverName: 'http://manga.example.com/v1' }, 'invalid_server_name', /allowInsecure/],
    [{ ...good, serverName: undefined }, 'invalid_option', /serverName is missing/],
    [{ ...good, catalog: undefined }, 'invalid_option', /listSeries, listChapters, getSeries, getChapter/],
    [{ ...good, catalog: { ...testRepository(), getSeries: 5 } }, 'invalid_option', /functions getSeries$/],
    [{ ...good, mountPath: 'v1' }, 'invalid_option', /mountPath must be a path/],
    [{ ...good, seed: 'c2VjcmV0' }, 'invalid_option', /32 bytes as base64/],
  ]
  for (const [options, code, message] of cases) {
    const error = t.throws(() => createFederation(options as FederationOptions), { code, message })
    t.ok(error instanceof FederationError && !error.message.includes('c2VjcmV0'))
  }
  t.end()
})

t.test('a start that failed is an error with a reason, and can be tried again', async (t) => {
  let attempts = 0
  const federation = createFederation({
    serverName,
    catalog: testRepository(),
    store: async () => {
      attempts += 1
      if (attempts === 1) throw new FederationError('store_unavailable', 'no permission')
      return memoryStore()
    },
  })
  await t.rejects(federation.start(), { code: 'store_unavailable' })
  await federation.start()
  const answer = await read(await federation.handle(request('GET', '/v1/keys')))
  t.equal(answer.status, 200)
  await federation.close()
  await federation.close()
  const closed = await read(await federation.handle(request('GET', '/v1/keys')))
  t.equal(closed.status, 500)
  t.match(closed.json(), { error_code: 'internal' })
})

t.test('what is told to a federation that cannot start, or was closed, is answered and never rejected', async (t) => {
  const failing = createFederation({
    serverName,
    catalog: testRepository(),
    store: async () => Promise.reject(new FederationError('store_unavailable', 'no permission')),
  })
  t.match(await failing.catalog.changed({ series: ['s1'], chapters: ['c1'] }), {
    published: 0,
    problems: [
      { kind: 'series', id: 's1', message: 'no permission' },
      { kind: 'chapter', id: 'c1', message: 'no permission' },
    ],
  })
  t.match(await failing.catalog.reconcile(), { outcome: 'failed', message: 'no permission' })
  const { federation } = await site(1)
  await federation.close()
  t.match(await federation.catalog.changed({ series: ['s1'] }), { problems: [{ message: /was closed/ }] })
})

t.test('what went wrong inside is logged, and an outsider sees none of it', async (t) => {
  const store = memoryStore()
  const logged: object[] = []
  const logger = { debug() {}, info() {}, warn() {}, error: (details: object) => void logged.push(details) }
  const { get } = await site(1, { store: async () => store, logger })
  store.catalog.state = async () => Promise.reject(new Error('secret path /srv/db'))
  const answer = await get('/v1/manga/series')
  t.equal(answer.status, 500)
  t.notMatch(answer.text, /secret/)
  t.match(logged, [{ target: '/v1/manga/series', err: { message: 'secret path /srv/db' } }])
})

t.test('a site that stood still for longer than its head lasts starts again, and signs it anew', async (t) => {
  const kept = memoryStore()
  const store = async (): Promise<typeof kept> => ({ ...kept, close: async () => undefined })
  const before = await site(1, { store })
  const head = (await before.get('/v1/manga/log/head')).json() as { issued_ts: number; size: number }
  await before.federation.close()
  const sevenHoursMs = 7 * 60 * 60 * 1000
  const after = await site(1, { store, [environment]: manualEnvironment(before.time.now() + sevenHoursMs) })
  t.match((await after.get('/v1/manga/log/head')).json(), { size: head.size, issued_ts: head.issued_ts + sevenHoursMs })
  await after.federation.close()
})
