import t from 'tap'
import { createMatcher, type MountedRoute, mountRoutes, type Route } from './index.ts'

const PATHS: readonly (readonly [method: 'GET' | 'PUT' | 'POST', path: string])[] = [
  ['GET', '/keys'],
  ['POST', '/keys'],
  ['GET', '/manga/series/origin/*'],
  ['GET', '/manga/log/head'],
  ['GET', '/manga/log/origin/*/head'],
  ['GET', '/manga/log/origin/*/entries'],
  ['PUT', '/federation/send/{id}'],
]

const mounted: MountedRoute<never>[] = mountRoutes(
  PATHS.map(([method, path]): Route<never> => ({
    method,
    base: 'api',
    path,
    documentation: { summary: path, responses: {} },
    handle: () => ({ status: 200, headers: {}, body: undefined }),
  })),
  '/v1',
)

const match = createMatcher(mounted)

const NAME = 'https%3A%2F%2Fmanga.example.com%2Fv1'
const LONGEST = '-'.repeat(128)

t.test('a target leads to the routes of its path, with what the path leaves open as it came', (t) => {
  const rows: [target: string, path: string, open: { rawServerName?: string; segment?: string }][] = [
    ['/v1/keys', '/keys', {}],
    ['/v1/keys/', '/keys', {}],
    ['/v1/keys?x=1', '/keys', {}],
    ['/v1/keys/?', '/keys', {}],
    ['/v1/manga/log/head', '/manga/log/head', {}],
    [`/v1/manga/series/origin/${NAME}`, '/manga/series/origin/*', { rawServerName: NAME }],
    [`/v1/manga/log/origin/${NAME}/head`, '/manga/log/origin/*/head', { rawServerName: NAME }],
    [`/v1/manga/log/origin/${NAME}/head/`, '/manga/log/origin/*/head', { rawServerName: NAME }],
    [`/v1/manga/log/origin/${NAME}/entries?since=0`, '/manga/log/origin/*/entries', { rawServerName: NAME }],
    [
      '/v1/manga/log/origin/https:/a.example/v1/head',
      '/manga/log/origin/*/head',
      { rawServerName: 'https:/a.example/v1' },
    ],
    [
      '/v1/manga/log/origin/https://a.example/head/v1/entries/',
      '/manga/log/origin/*/entries',
      { rawServerName: 'https://a.example/head/v1' },
    ],
    ['/v1/manga/log/origin/%25/head', '/manga/log/origin/*/head', { rawServerName: '%25' }],
    ['/v1/federation/send/a.B_9~-', '/federation/send/{id}', { segment: 'a.B_9~-' }],
    ['/v1/federation/send/a/', '/federation/send/{id}', { segment: 'a' }],
    [`/v1/federation/send/${LONGEST}?x`, '/federation/send/{id}', { segment: LONGEST }],
  ]
  for (const [target, path, { rawServerName, segment }] of rows) {
    const found = match(target)
    t.same(new Set(found?.routes.map((route) => route.path)), new Set([path]), target)
    t.same([found?.rawServerName, found?.segment], [rawServerName, segment], target)
  }
  t.same(
    match('/v1/keys')?.routes.map(({ method }) => method),
    ['GET', 'POST'],
  )
  t.equal(match('/v1/keys/?limit=1&x=?')?.query, 'limit=1&x=?')
  t.end()
})

t.test('what only looks like a path of the federation is none', (t) => {
  for (const target of [
    '',
    '/',
    '/keys',
    '/v1',
    '/v1/keys//',
    '/v1/KEYS',
    '/v1/%6Beys',
    '/v1/manga/series/origin',
    '/v1/manga/series/origin/',
    '/v1/manga/log/origin/head',
    '/v1/manga/log/origin//head',
    `/v1/manga/log/origin/${NAME}`,
    `/v1/manga/log/origin/${NAME}/HEAD`,
    `/v1/manga/log/origin/${NAME}%2Fhead`,
    '/v1/federation/send/',
    '/v1/federation/send/a/b',
    '/v1/federation/send/a%2Db',
    '/v1/federation/send/a!',
    '/v1/federation/send/a\n',
    `/v1/federation/send/${LONGEST}-`,
  ]) {
    t.equal(match(target), undefined, target)
  }
  t.end()
})
