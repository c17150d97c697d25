import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { isNotFoundOfSite, json } from './expectations.ts'
import { API, EVENTS, SERVER_NAME, type Workbench } from './workbench.ts'

const OWN = encodeURIComponent(SERVER_NAME)

/** The longest plain segment of a path. */
const LONGEST_ID = 'x'.repeat(128)

/** Targets of the reading routes, and what their answer must hold. */
const READS: readonly (readonly [target: string, holds: RegExp])[] = [
  ['/.well-known/manga/servers', /"primary":"https:\/\/manga\.example\.com\/v1"/],
  [`${API}/federation/version`, /"name":"manga-federation"/],
  [`${API}/keys`, /"verify_keys":\{"ed25519:/],
  [`${API}/manga/series`, /"id":"s1".*"id":"s3"/],
  [`${API}/manga/series?limit=1`, /^\[\{"id":"s1"/],
  [`${API}/manga/series/origin/${OWN}`, /"id":"s3"/],
  [`${API}/manga/chapters?series_id=s1`, /"id":"c1"/],
  [`${API}/manga/chapters/origin/${OWN}`, /"id":"c1"/],
]

/** What the adapter must hand through: every route, every method, nothing of the site's. */
export function routeCases(withoutRawTargets: string | undefined): Case<Workbench>[] {
  return [
    {
      name: 'every read is answered with its bytes, their length and no charset; HEAD with the same headers',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          for (const [target, holds] of READS) {
            const get = await ask('GET', target)
            assert.equal(get.status, 200, target)
            assert.match(get.body.toString(), holds)
            assert.equal(get.headers['content-type'], 'application/json')
            assert.equal(get.headers['content-length'], String(get.body.byteLength))
            const head = await ask('HEAD', target)
            assert.equal(head.status, 200, `HEAD ${target}`)
            assert.equal(head.body.byteLength, 0)
            for (const name of ['content-type', 'content-length', 'etag', 'cache-control', 'link'])
              assert.equal(head.headers[name], get.headers[name], `${name} of HEAD ${target}`)
          }
        }),
    },
    {
      name: 'every route of the table is reached, and answers with a status that its documentation names',
      run: (bench) =>
        bench.withSite({}, async ({ ask, federation }) => {
          for (const { route, path } of federation.routes.filter((mounted) => API + mounted.route.path !== EVENTS)) {
            const { status, body } = await ask(route.method, path.replace('*', OWN).replace('{id}', 'x'))
            const named = Object.keys(route.documentation.responses)
            assert.ok(
              named.includes(String(status)),
              `${route.method} ${path}: ${status} ${body.toString()} is not one of ${named.join()}`,
            )
          }
        }),
    },
    {
      name: 'a plain segment reaches its route, up to its greatest length',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          for (const id of ['a.B_9~-', LONGEST_ID, `${LONGEST_ID}/`, 'a?x=1']) {
            const refused = await ask('GET', `${API}/federation/send/${id}`)
            assert.deepEqual([refused.status, refused.headers.allow], [405, 'PUT, OPTIONS'], id)
          }
        }),
    },
    {
      name: 'who has the version already gets 304 without a body',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          for (const [target] of READS) {
            const { headers } = await ask('GET', target)
            const again = await ask('GET', target, { headers: { 'if-none-match': headers.etag } })
            assert.equal(again.status, 304, target)
            assert.equal(again.body.byteLength, 0)
            assert.equal(again.headers.etag, headers.etag)
          }
        }),
    },
    {
      name: 'a trailing slash changes nothing',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          for (const [target] of READS) {
            const [path, query] = target.split('?')
            const { status } = await ask('GET', `${path}/${query === undefined ? '' : `?${query}`}`)
            assert.equal(status, 200, `${path}/`)
          }
        }),
    },
    {
      name: 'OPTIONS tells the methods, others get 405 with Allow, with and without a body',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          for (const target of [
            '/.well-known/manga/servers',
            `${API}/manga/series`,
            `${API}/manga/series/origin/${OWN}`,
          ]) {
            const options = await ask('OPTIONS', target)
            assert.equal(options.status, 204, `OPTIONS ${target}`)
            assert.equal(options.headers.allow, 'GET, HEAD, OPTIONS')
            assert.equal(options.headers['access-control-allow-origin'], '*')
            for (const method of ['PATCH', 'PUT', 'DELETE', 'POST']) {
              for (const type of [undefined, 'application/json', 'text/plain', 'application/x-unknown']) {
                const sending = type && { headers: { 'content-type': type }, body: [Buffer.from('{"a":1}')] }
                const refused = await ask(method, target, sending || {})
                assert.equal(refused.status, 405, `${method} ${target} as ${type}`)
                assert.equal(refused.headers.allow, 'GET, HEAD, OPTIONS')
                assert.equal(json(refused).error_code, 'method_not_allowed')
              }
            }
          }
        }),
    },
    {
      name: 'a refusal comes as error_code and message with its status',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          const refusals: [string, number, string][] = [
            [`${API}/manga/chapters`, 400, 'missing_series_id'],
            [`${API}/manga/series?limit=0`, 400, 'invalid_limit'],
            [`${API}/manga/series?cursor=nonsense`, 400, 'invalid_cursor'],
            [`${API}/manga/series?q=%FF`, 400, 'invalid_parameter'],
          ]
          for (const [target, status, code] of refusals) {
            const refused = await ask('GET', target)
            assert.deepEqual([refused.status, json(refused).error_code], [status, code], target)
            assert.equal(refused.headers['content-type'], 'application/json')
          }
        }),
    },
    {
      name: 'what only looks like a route of ours is the site’s own 404',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          for (const target of [API, `${API}/`, `${API}/other`, `${API}/KEYS`, '/.well-known/manga'])
            isNotFoundOfSite(await ask('GET', target))
          for (const target of [`${API}/manga/log/origin/${OWN}`, `${API}/manga/log/origin/head`])
            isNotFoundOfSite(await ask('GET', target))
          for (const id of ['', 'a/b', 'a!', 'a%2Cb', LONGEST_ID + 'x'])
            isNotFoundOfSite(await ask('PUT', `${API}/federation/send/${id}`))
        }),
    },
    {
      name: 'a path of ours in another encoding is the site’s own 404',
      skip: withoutRawTargets,
      run: (bench) => bench.withSite({}, async ({ ask }) => isNotFoundOfSite(await ask('GET', `${API}/%6Beys`))),
    },
  ]
}
