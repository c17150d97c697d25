import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from 'manga-federation-example-shared'
import { startSite } from 'manga-federation-example-shared/test-process'
import t, { type Test } from 'tap'
import { missing as noPostgres, TestServer } from '../../../packages/postgres/src/test-server.ts'
import { missing as noRedis, TestRedis } from '../../../packages/redis/src/test-redis.ts'

const MAIN = new URL('main.ts', import.meta.url)

/** All series of the built-in catalog. */
const SERIES = 54

/** The variables of a site whose federation remembers in a PostgreSQL and a Redis of its own. */
async function openStorage(t: Test): Promise<Record<string, string> & { DATA_DIR: string; PORT: string }> {
  const [postgres, redis, port] = await Promise.all([TestServer.start(t), TestRedis.start(t), freePort()])
  return { PORT: String(port), DATA_DIR: t.testdir(), STORE: postgres.urlFor(), CACHE: redis.urlFor() }
}

async function ask<T>(address: string, path: string): Promise<T> {
  return (await fetch(`${address}/v1${path}`)).json() as Promise<T>
}

async function published(address: string): Promise<void> {
  while ((await ask<unknown[]>(address, '/manga/series?limit=1000')).length < SERIES) await pause(10)
}

const skip = noPostgres || noRedis

t.test('With STORE and CACHE the site remembers there, and is the same after a restart', { skip }, async (t) => {
  const variables = await openStorage(t)
  const seen: unknown[] = []
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
    const site = startSite(t, MAIN, variables)
    const address = await site.listening()
    await published(address)
    const { verify_keys: keys } = await ask<{ verify_keys: unknown }>(address, '/keys')
    const { epoch } = await ask<{ epoch: number }>(address, '/manga/log/head')
    seen.push({ keys, epoch })
    site.process.kill(signal)
    await site.exited
    t.equal(await site.errors, '')
  }
  t.match(seen[0], { keys: Object, epoch: 1 })
  t.strictSame(seen, [seen[0], seen[0], seen[0]], 'it has one key and one log')
  const files = readdirSync(variables.DATA_DIR)
  t.notOk(
    files.some((file) => file.startsWith('manga-federation')),
    'and no file of the federation',
  )
})

t.test('Two processes with one STORE are one site, and one goes on without the other', { skip }, async (t) => {
  const variables = await openStorage(t)
  const origin = `http://127.0.0.1:${variables.PORT}`
  const one = startSite(t, MAIN, variables)
  const addresses = [await one.listening()]
  await published(addresses[0]!)
  const port = String(await freePort())
  const other = startSite(t, MAIN, { ...variables, PORT: port, SERVER_NAME: `${origin}/v1`, ALLOW_INSECURE: '1' })
  addresses.push(await other.listening())

  async function add(number: number, address: string): Promise<void> {
    const body = new URLSearchParams({ number: String(number), language: 'en' })
    const form = `${address}/admin/series/yotsuba/chapters`
    t.equal((await fetch(form, { method: 'POST', body, headers: { origin }, redirect: 'manual' })).status, 303)
  }

  /** Waits until a process lists so many chapters of the series. */
  async function lists(count: number, address: string): Promise<void> {
    while ((await ask<unknown[]>(address, '/manga/chapters?series_id=yotsuba')).length < count) await pause(10)
  }

  await Promise.all(addresses.map((address) => lists(4, address)))
  for (const [index, address] of addresses.entries()) {
    await add(100 + index, address)
    await Promise.all(addresses.map((reader) => lists(5 + index, reader)))
  }
  one.process.kill('SIGKILL')
  await one.exited
  await add(200, addresses[1]!)
  await lists(7, addresses[1]!)
  other.process.kill('SIGTERM')
  t.strictSame(await other.exited, [0, null])
  t.equal(await other.errors, '')
})
