import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FollowProgress } from '@manga-federation/core'
import t from 'tap'
import { newsLogger, tellNews } from './network-news.ts'

const OWN = 'http://127.0.0.1:3000/v1'
const OTHER = 'https://manga.example.com/v1'
const SIGNED = { 'signature-input': `fm=("@method" "@target-uri");created=1;keyid="${OTHER}#ed25519:abc"` }

t.test('What other servers ask for is told once it was answered well, and not twice in a row', async (t) => {
  const said = t.capture(console, 'log')
  // It answers with the status that it is asked for.
  const server = createServer((request, response) => response.writeHead(Number(request.headers['x-status'])).end())
  tellNews({ serverName: OWN, onProgress: () => () => {} }, server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const keysOf = (name: string): string => `/v1/keys/origin/${encodeURIComponent(name)}`
  const cases = [
    {
      method: 'POST',
      path: '/v1/federation/followers',
      headers: SIGNED,
      says: `${OTHER} follows this site from now on, and is told of each change`,
    },
    { method: 'POST', path: '/v1/federation/followers', says: 'another server follows this site from now on' },
    {
      method: 'PUT',
      path: '/v1/federation/send/t1',
      headers: SIGNED,
      says: `${OTHER} told this site what is new there`,
    },
    { method: 'GET', path: keysOf(OTHER), says: `was asked for the keys of ${OTHER}` },
    { method: 'GET', path: keysOf(OTHER) },
    { method: 'GET', path: keysOf(OWN) },
    { method: 'GET', path: keysOf('https://other.example/v1'), status: 404 },
    { method: 'GET', path: '/v1/manga/series' },
    { method: 'POST', path: '/federation/followers' },
  ]
  for (const { method, path, headers, status = 200, says } of cases) {
    const response = await fetch(address + path, { method, headers: { ...headers, 'x-status': String(status) } })
    await response.text()
    const lines = said().map(({ args }) => String(args[0]))
    t.equal(lines.length, says === undefined ? 0 : 1, `${method} ${path}`)
    if (says !== undefined) t.match(lines[0], says)
  }
})

t.test('How far mirroring has come is told, and what the log says', (t) => {
  const said = t.capture(console, 'log')
  const logged = t.capture(console, 'warn')
  let tell = (_progress: FollowProgress): void => {}
  const onProgress = (listener: typeof tell): (() => void) => {
    tell = listener
    return () => {}
  }
  tellNews({ serverName: OWN, onProgress }, createServer())
  for (const done of [0, 50, 50]) tell({ serverName: OTHER, done, total: 90, phase: 'pulling' })
  tell({ serverName: OTHER, done: 90, total: 90, phase: 'complete' })
  newsLogger.info({}, 'an information')
  newsLogger.warn({}, 'a warning')
  t.strictSame(
    said().map(({ args }) => args[0]),
    [
      `applied a page of the catalog of ${OTHER}: 50 of 90 entries`,
      `holds the whole catalog of ${OTHER} and checked each signature: 90 entries`,
      'an information',
      'a warning',
    ],
  )
  t.equal(logged().length, 1)
  t.end()
})
