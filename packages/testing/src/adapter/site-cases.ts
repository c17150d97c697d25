import assert from 'node:assert/strict'
import { FederationError } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { isNotFoundOfSite, json } from './expectations.ts'
import { API, SERVER_NAME, type Workbench } from './workbench.ts'

/** What a visitor uploads to the site. */
const UPLOAD = Buffer.alloc(2 * 1024 * 1024, 'x')

/** The site around the adapter, and several sites in one process. */
export const siteCases: readonly Case<Workbench>[] = [
  {
    name: 'the site’s own routes, parsers, hooks, error handler and 404 are as they were',
    run: (bench) =>
      bench.withSite({}, async ({ ask }) => {
        const comment = Buffer.from('{"text": "まんが", "stars": 4.5}')
        const echoed = await ask('POST', '/own/echo', {
          headers: { 'content-type': 'application/json' },
          body: [comment],
        })
        assert.deepEqual([echoed.status, json(echoed)], [200, JSON.parse(comment.toString())])
        assert.equal(echoed.headers['x-own-hook'], 'seen')
        const broken = await ask('GET', '/own/broken')
        assert.deepEqual([broken.status, broken.body.toString()], [418, 'site: own fault'])
        isNotFoundOfSite(await ask('GET', '/nothing'))
        isNotFoundOfSite(
          await ask('POST', '/nothing', { headers: { 'content-type': 'application/json' }, body: [comment] }),
        )
      }),
  },
  {
    name: 'an upload of 2 MB reaches the site’s own route, with its length and chunked',
    run: (bench) =>
      bench.withSite({}, async ({ ask }) => {
        for (const body of [[UPLOAD], [UPLOAD.subarray(0, 70_000), UPLOAD.subarray(70_000)]]) {
          const answer = await ask('POST', '/own/upload', {
            headers: { 'content-type': 'application/octet-stream' },
            body,
          })
          assert.deepEqual([answer.status, json(answer)], [200, { bytes: UPLOAD.byteLength }])
        }
      }),
  },
  {
    name: 'two sites in one process keep apart',
    run: (bench) =>
      bench.withSite({}, (one) =>
        bench.withSite({ federation: { serverName: 'https://other.example.com/v1' } }, async (other) => {
          const [keysOfOne, keysOfOther] = await Promise.all([
            one.ask('GET', `${API}/keys`),
            other.ask('GET', `${API}/keys`),
          ])
          assert.equal(json(keysOfOne).server_name, SERVER_NAME)
          assert.equal(json(keysOfOther).server_name, 'https://other.example.com/v1')
          assert.notDeepEqual(json(keysOfOne).verify_keys, json(keysOfOther).verify_keys)
        }),
      ),
  },
  {
    name: 'what fails inside is answered without detail, and the site goes on',
    run: (bench) =>
      bench.withSite({}, async ({ ask, store }) => {
        store.catalog.state = () => Promise.reject(new FederationError('store_unavailable', 'secret path /srv/db'))
        const failed = await ask('GET', `${API}/manga/series`)
        assert.deepEqual([failed.status, json(failed).error_code], [500, 'internal'])
        assert.doesNotMatch(failed.body.toString(), /secret/)
        assert.equal((await ask('GET', `${API}/keys`)).status, 200)
        isNotFoundOfSite(await ask('GET', '/nothing'))
      }),
  },
]
