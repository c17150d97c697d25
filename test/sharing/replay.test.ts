import { setTimeout as pause } from 'node:timers/promises'
import { mangaFederation, type MangaFederationOptions, memoryStore } from '@manga-federation/fastify'
import { openPostgresStore } from '@manga-federation/postgres'
import { openRedis, type SharedByRedis } from '@manga-federation/redis'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { freePort } from '../../examples/shared/src/free-port.ts'
import { missing as noPostgres, TestServer } from '../../packages/postgres/src/test-server.ts'
import { missing as noRedis, TestRedis } from '../../packages/redis/src/test-redis.ts'
import { type CaughtRequest, type Eavesdropper, openEavesdropper, replay } from './eavesdropper.ts'

/** There is nothing to publish; what is sent does not depend on it. */
const EMPTY_CATALOG: MangaFederationOptions['catalog'] = {
  listSeries: async () => ({ items: [] }),
  listChapters: async () => ({ items: [] }),
  getSeries: async () => undefined,
  getChapter: async () => undefined,
}

/** Opens a site, or one process of it. @returns its federation and where it listens. */
async function openSite(t: Test, options: Pick<MangaFederationOptions, 'store'> & Partial<MangaFederationOptions>) {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(mangaFederation, {
    serverName: `${address}/v1`,
    catalog: EMPTY_CATALOG,
    allowInsecure: true,
    allowedPorts: 'any',
    ...options,
  })
  await app.listen({ host: '127.0.0.1', port })
  return { address, federation: app.mangaFederation }
}

/** Two processes of a site that share a PostgreSQL, and a request to the site that somebody has caught. */
async function openPair(
  t: Test,
  postgres: TestServer,
  share: (serverName: string) => Promise<Pick<SharedByRedis, 'cache' | 'nonces'> | undefined>,
): Promise<{ addresses: string[]; caught: CaughtRequest }> {
  const front = await openEavesdropper(t)
  const addresses: string[] = []
  for (let index = 0; index < 2; index++) {
    const { serverName } = front
    const store = (): Promise<Awaited<ReturnType<typeof openPostgresStore>>> =>
      openPostgresStore({ connectionString: postgres.urlFor() })
    const { address } = await openSite(t, { serverName, store, ...(await share(serverName)) })
    addresses.push(address)
  }
  front.lead(addresses[0]!)
  return { addresses, caught: await catchRequest(t, front) }
}

/** A follower asks to be told of changes, signed with its key. */
async function catchRequest(t: Test, front: Eavesdropper): Promise<CaughtRequest> {
  const follower = await openSite(t, { store: async () => memoryStore() })
  // The time of a signature is in whole seconds; one of this second might be from before the processes started.
  await pause(1000 - (Date.now() % 1000))
  await follower.federation.follow(front.serverName)
  return front.caught
}

/** What the processes answer, all asked at one time. */
function replayToAll(caught: CaughtRequest, addresses: readonly string[]): Promise<string[]> {
  return Promise.all(addresses.map((address) => replay(caught, address)))
}

const REPLAYED = '401 replayed_request'

t.test(
  'With PostgreSQL alone a replayed request is refused by whichever process gets it',
  { skip: noPostgres },
  async (t) => {
    const postgres = await TestServer.start(t)
    const { addresses, caught } = await openPair(t, postgres, async () => undefined)
    await expectOnce(t, caught, addresses)
    await postgres.restart('SIGINT')
    t.strictSame(await replayToAll(caught, addresses), [REPLAYED, REPLAYED], 'after a restart of PostgreSQL')
  },
)

t.test('The same with Redis, also when it forgot the request', { skip: noPostgres || noRedis }, async (t) => {
  const redis = await TestRedis.start(t)
  const shared: SharedByRedis[] = []
  const { addresses, caught } = await openPair(t, await TestServer.start(t), async (serverName) => {
    const opened = await openRedis({ url: redis.urlFor(), serverName })
    t.teardown(() => opened.close())
    shared.push(opened)
    return opened
  })
  await expectOnce(t, caught, addresses)

  await redis.stop('SIGKILL')
  t.strictSame(await replayToAll(caught, addresses), ['500 internal', '500 internal'], 'while Redis is away')
  await redis.start()
  for (const { cache } of shared) {
    while ((await cache.get('back')) !== true) {
      await pause(10)
      await cache.set('back', true, 60_000)
    }
  }
  t.strictSame(await replayToAll(caught, addresses), ['500 internal', '500 internal'], 'when it is back')
})

async function expectOnce(t: Test, caught: CaughtRequest, addresses: readonly string[]): Promise<void> {
  const answers = await replayToAll(caught, [...addresses, ...addresses, ...addresses])
  t.strictSame(answers.toSorted(), ['201', ...Array.from({ length: answers.length - 1 }, () => REPLAYED)])
  t.strictSame(await replayToAll(caught, addresses), [REPLAYED, REPLAYED])
}
