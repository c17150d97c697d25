import { createClient, type RedisClientType } from '@keyv/redis'
import type { NonceStore } from '@manga-federation/core'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openRedis, type SharedByRedis } from './index.ts'
import { missing, programs, TestRedis } from './test-redis.ts'

const SERVER_NAME = 'https://manga.example.com/v1'

/** How long a signed request is good. */
const LIFE_MS = 300_001

const MINUTE_MS = 60_000

/** Connects as one process of a site does. */
async function openProcess(t: Test, redis: TestRedis, serverName = SERVER_NAME): Promise<SharedByRedis> {
  const shared = await openRedis({ url: redis.urlFor(), serverName })
  t.teardown(() => shared.close())
  return shared
}

/** A second way to what Redis knows. */
async function openClient(t: Test, redis: TestRedis): Promise<RedisClientType> {
  const client: RedisClientType = createClient({ url: redis.urlFor() })
  t.teardown(() => client.close())
  await client.connect()
  return client
}

/** Uses the nonce of a request that was signed then. */
function useNonce({ nonces }: { nonces: NonceStore }, nonce: string, signedTs: number = Date.now()): Promise<boolean> {
  return nonces.use(nonce, signedTs + LIFE_MS, Date.now())
}

/** Waits until Redis is used again. */
async function healed({ cache }: SharedByRedis): Promise<void> {
  do {
    await cache.set('healed', true, MINUTE_MS)
    await pause(10)
  } while ((await cache.get('healed')) !== true)
}

async function redisSuite(t: Test, program: string): Promise<void> {
  await t.test('of many uses of one nonce at one time, in two processes, one is the first', async (t) => {
    const redis = await TestRedis.start(t, program)
    const processes = [await openProcess(t, redis), await openProcess(t, redis)]
    for (const nonce of ['a', 'A', 'a ', `https://other.example/v1#ed25519:a ${'n'.repeat(400)}`]) {
      const uses = Array.from({ length: 50 }, (_, index) => useNonce(processes[index % 2]!, nonce))
      t.equal((await Promise.all(uses)).filter(Boolean).length, 1, nonce)
      for (const shared of processes) t.equal(await useNonce(shared, nonce), false)
    }
  })

  await t.test('a nonce is remembered as long as its request is good anywhere, and a minute longer', async (t) => {
    const redis = await TestRedis.start(t, program)
    const shared = await openProcess(t, redis)
    const client = await openClient(t, redis)
    const signedTs = Date.now()
    for (const [nonce, nowTs, leastMs] of [
      ['fresh', signedTs, LIFE_MS],
      ['signed ahead', signedTs - 300_000, LIFE_MS + 300_000],
      ['old', signedTs + LIFE_MS - 1, 1],
      ['expired', signedTs + LIFE_MS + 1000, 0],
    ] as const) {
      t.equal(await shared.nonces.use(nonce, signedTs + LIFE_MS, nowTs), true)
      const ttlMs = await client.pTTL(`manga-federation:${SERVER_NAME}:nonce:${nonce}`)
      // The time since then has passed already, for what is asked of Redis.
      t.ok(ttlMs > leastMs + MINUTE_MS / 2 && ttlMs <= leastMs + MINUTE_MS, `${nonce}: ${ttlMs} ms`)
    }
  })

  await t.test('what one process learned another one knows, for as long as it is of use', async (t) => {
    const redis = await TestRedis.start(t, program)
    const [one, other] = [await openProcess(t, redis), await openProcess(t, redis)]
    const value = { primary: 'https://a.example/v1', list: [1, 'é'] }
    await one.cache.set('servers:1:a.example', value, MINUTE_MS)
    t.strictSame(await other.cache.get('servers:1:a.example'), value)
    t.equal(await other.cache.get('servers:1:b.example'), undefined)

    const client = await openClient(t, redis)
    const ttlMs = await client.pTTL(`manga-federation:${SERVER_NAME}:servers:1:a.example`)
    t.ok(ttlMs > 0 && ttlMs <= MINUTE_MS, `${ttlMs} ms`)
  })

  await t.test('sites that share one Redis are apart', async (t) => {
    const redis = await TestRedis.start(t, program)
    const sites = [await openProcess(t, redis), await openProcess(t, redis, 'https://other.example/v1')]
    for (const shared of sites) {
      t.equal(await useNonce(shared, 'nonce'), true)
      t.equal(await shared.cache.get('key'), undefined)
      await shared.cache.set('key', 'value', MINUTE_MS)
    }
  })

  await t.test('a restart of Redis is survived, and what it forgot is not let through', async (t) => {
    const redis = await TestRedis.start(t, program)
    const processes = [await openProcess(t, redis), await openProcess(t, redis)]
    const signedTs = Date.now()
    await processes[0]!.cache.set('key', 'value', MINUTE_MS)
    t.equal(await useNonce(processes[0]!, 'before', signedTs), true)

    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await redis.stop(signal)
      for (const shared of processes) {
        await t.rejects(useNonce(shared, 'meanwhile'), { code: 'store_unavailable', message: /cannot be asked/ })
        t.equal(await shared.cache.get('key'), undefined, 'a miss')
        await shared.cache.set('key', 'value', MINUTE_MS)
      }

      await redis.start()
      await Promise.all(processes.map(healed))
      for (const shared of processes) {
        await t.rejects(useNonce(shared, 'before', signedTs), { code: 'store_unavailable', message: /forgotten/ })
      }
      const uses = Array.from({ length: 50 }, (_, index) => useNonce(processes[index % 2]!, 'after'))
      t.equal((await Promise.all(uses)).filter(Boolean).length, 1)
    }
  })

  await t.test('a Redis that hangs is not waited for', async (t) => {
    const redis = await TestRedis.start(t, program)
    const shared = await openProcess(t, redis)
    redis.hang()
    await t.rejects(useNonce(shared, 'nonce'), { code: 'store_unavailable', message: /silent for 2000 ms/ })
    redis.wake()
    await healed(shared)
    t.equal(await useNonce(shared, 'another'), true)
  })

  await t.test('who is closed asks nothing more, also while Redis is away', async (t) => {
    const redis = await TestRedis.start(t, program)
    const [shared, other] = [await openProcess(t, redis), await openProcess(t, redis)]
    await redis.stop('SIGKILL')
    await other.close()
    await redis.start()
    await healed(shared)
    for (let times = 0; times < 2; times++) {
      await shared.close()
      t.equal(await shared.cache.get('healed'), undefined)
      await t.rejects(useNonce(shared, 'nonce'), { code: 'store_unavailable' })
    }
    const client = await openClient(t, redis)
    const others = async (): Promise<number> =>
      (await client.sendCommand<string>(['CLIENT', 'LIST'])).split('\n').length
    // The own line, and the end of the text.
    while ((await others()) > 2) await pause(10)
  })

  await t.test('at the start, whoever gave something wrong is told what, and never the password', async (t) => {
    const redis = await TestRedis.start(t, program)
    const away = await TestRedis.start(t, program)
    await away.stop('SIGTERM')
    for (const [url, code, message] of [
      ['', 'invalid_option', /must be the address of a Redis, such as redis:/],
      ['127.0.0.1:6379', 'invalid_option', /must be/],
      ['http://site:secret@127.0.0.1', 'invalid_option', /must be/],
      ['redis://', 'invalid_option', /must be/],
      ['redis://site:secret@127.0.0.1/first', 'invalid_option', /must be/],
      ['redis://site:secret%@127.0.0.1', 'invalid_option', /must be/],
      [
        away.urlFor('site:secret'),
        'store_unavailable',
        /^Redis at 127.0.0.1:\d+ cannot be used: .*ECONNREFUSED.* Start it/,
      ],
      [away.urlFor().replace('127.0.0.1', 'localhost'), 'store_unavailable', /cannot be used: .*ECONNREFUSED/],
      [redis.urlFor('guarded:secret'), 'store_unavailable', /cannot be used: WRONGPASS/],
    ] as const) {
      const refused: unknown = await openRedis({ url, serverName: SERVER_NAME }).catch((error: unknown) => error)
      t.match(refused, { code, message }, url)
      t.notMatch(String(refused), 'secret')
    }
    const shared = await openRedis({ url: redis.urlFor('guarded:sesame'), serverName: SERVER_NAME })
    await shared.close()
  })
}

t.test('Cache and nonces in Redis', { skip: missing }, async (t) => {
  for (const program of programs) await t.test(program, (t) => redisSuite(t, program))
})
