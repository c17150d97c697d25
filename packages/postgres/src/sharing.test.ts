import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { News } from '@manga-federation/core'
import { nodeArguments } from '../../../examples/shared/src/test-process.ts'
import { openPostgresStore, type PostgresStore } from './postgres-store.ts'
import { CHAPTERS_A_COMMIT, ORIGIN, append, commitOf, expectedLog, wholeLog } from './test-commits.ts'
import { TestServer, missing } from './test-server.ts'
import { unreliablePool } from './test-unreliable-pool.ts'

/** How often a process is killed in the middle of its commits. */
const KILLS = 4

const MAX_COMMITS_BEFORE_KILL = 25

/** How often PostgreSQL is restarted in the middle of commits: in order, and as after a crash. */
const RESTARTS = ['SIGINT', 'SIGQUIT', 'SIGINT', 'SIGQUIT'] as const

t.test('several processes on one database', { skip: missing }, async (t) => {
  const server = await TestServer.start(t)
  const connectionString = server.urlFor()
  const openFor = async (t: Test, schema: string): Promise<PostgresStore> => {
    const store = await openPostgresStore({ connectionString, schema })
    t.teardown(() => store.close())
    return store
  }

  await t.test(
    'of two that append, one is killed again and again: one log, nothing lost, nothing doubled',
    async (t) => {
      const store = await openPostgresStore({ connectionString })
      t.teardown(() => store.close())
      const commits: { writer: string; size: number }[] = []
      for (let kill = 1; kill <= KILLS; kill++) {
        const writer = `process ${kill}`
        const count = 1 + Math.floor(Math.random() * MAX_COMMITS_BEFORE_KILL)
        for await (const size of appendUntilKilled(connectionString, writer, count)) {
          commits.push({ writer, size }, { writer: 'survivor', size: await append(store, 'survivor') })
        }
        // The last commit of the killed one may have been stored though it was not told of.
        const { size } = await store.catalog.state(ORIGIN)
        const toldSizes = new Set(commits.map((commit) => commit.size))
        for (let at = 0; at < size; at += CHAPTERS_A_COMMIT) if (!toldSizes.has(at)) commits.push({ writer, size: at })
      }
      t.same(await wholeLog(store), expectedLog(commits))
    },
  )

  await t.test(
    'PostgreSQL is restarted while they append: nobody sees a failure, nothing is lost or doubled',
    async (t) => {
      const stores = [await openFor(t, 'restarted'), await openFor(t, 'restarted')]
      const commits: { writer: string; size: number }[] = []
      let isOver = false
      const writing = stores.map(async (store, index) => {
        const writer = `writer ${index}`
        while (!isOver) commits.push({ writer, size: await append(store, writer) })
      })
      for (const signal of RESTARTS) {
        await server.restart(signal)
        await append(stores[0]!, 'between').then((size) => commits.push({ writer: 'between', size }))
      }
      isOver = true
      await Promise.all(writing)
      t.same(await wholeLog(stores[0]!), expectedLog(commits))
    },
  )

  await t.test('a commit whose answer was lost is told of as what it was', async (t) => {
    const unreliable = unreliablePool(connectionString)
    const store = await openPostgresStore({ pool: unreliable.pool, schema: 'lost' })
    const other = await openFor(t, 'lost')
    t.teardown(async () => {
      await store.close()
      await unreliable.end()
    })
    const commits: { writer: string; size: number }[] = []
    for (const when of ['before', 'after'] as const) {
      const { size } = await store.catalog.state(ORIGIN)
      unreliable.breakAt(/commit_catalog/, when)
      t.same(await store.catalog.commit(ORIGIN, commitOf(when, size)), { size: size + 10, changedTs: size }, when)
      commits.push({ writer: when, size })

      unreliable.breakAt(/commit_catalog/, when)
      t.equal(await store.catalog.commit(ORIGIN, commitOf('late', size)), undefined, `${when}, on another size`)
    }
    const appendOther = async (): Promise<unknown> =>
      commits.push({ writer: 'other', size: await append(other, 'other') })
    unreliable.breakAt(/commit_catalog/, 'after', appendOther)
    const { size } = await store.catalog.state(ORIGIN)
    t.same(await store.catalog.commit(ORIGIN, commitOf('built upon', size)), { size: size + 10, changedTs: size })
    commits.push({ writer: 'built upon', size })

    unreliable.breakAt(/commit_catalog/, 'before', appendOther)
    t.equal(await store.catalog.commit(ORIGIN, commitOf('overtaken', size + 20)), undefined)
    t.same(await wholeLog(store), expectedLog(commits))
  })

  await t.test('what must not be done twice is refused when its answer was lost', async (t) => {
    const unreliable = unreliablePool(connectionString)
    const store = await openPostgresStore({ pool: unreliable.pool, schema: 'twice' })
    t.teardown(async () => {
      await store.close()
      await unreliable.end()
    })
    unreliable.breakAt(/nonces AS known/, 'after')
    await t.rejects(store.nonces.use('nonce', 10, 5), { code: 'store_unavailable', message: /not known whether/ })
    t.equal(await store.nonces.use('nonce', 10, 5), false)
    unreliable.breakAt(/INTO .*marks/, 'before')
    await t.rejects(store.catalog.mark('pass', 'series', ['a']), { code: 'store_unavailable' })
    t.same(await store.catalog.mark('pass', 'series', ['a']), [], 'a connection that broke is replaced')
  })

  await t.test('marks that a crash of PostgreSQL took are missed, so that nothing seems to be gone', async (t) => {
    const store = await openFor(t, 'crashed')
    await append(store, 'writer')
    await store.catalog.mark('pass', 'chapter', ['chapter-0'])
    await server.restart('SIGINT')
    t.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'chapter'), 9, 'they outlive a restart')
    await server.restart('SIGQUIT')
    const lost = { code: 'store_unavailable', message: /Nothing is removed/ }
    await t.rejects(store.catalog.countUnmarked('pass', ORIGIN, 'chapter'), lost)
    await t.rejects(store.catalog.listUnmarked('pass', ORIGIN, 'chapter', { afterId: undefined, limit: 5 }), lost)
    await t.rejects(store.catalog.mark('pass', 'chapter', ['chapter-1']), lost)
    await store.catalog.endPass('pass')
    t.equal(await store.catalog.countUnmarked('pass', ORIGIN, 'chapter'), 10, 'a new pass')
  })

  await t.test('passes of one name in two processes are apart, and those of the dead are cleared', async (t) => {
    const [store, other] = [await openFor(t, 'passes'), await openFor(t, 'passes')]
    await append(store, 'writer')
    t.same(await store.catalog.mark('pass', 'chapter', ['chapter-0', 'chapter-1']), [])
    t.same(await other.catalog.mark('pass', 'chapter', ['chapter-0']), [])
    t.equal(await other.catalog.countUnmarked('pass', ORIGIN, 'chapter'), 9)
    await server.run(`UPDATE passes.passes SET used_at = now() - interval '2 days' WHERE pass IN (
      SELECT pass FROM passes.marks GROUP BY pass HAVING count(*) = 2)`)
    await other.catalog.mark('next pass', 'chapter', ['chapter-0'])
    t.same(await server.run('SELECT count(*)::int AS n FROM passes.marks'), [{ n: 2 }])
    await other.close()
    t.same(await server.run('SELECT count(*)::int AS n FROM passes.marks'), [{ n: 0 }], 'close ends its passes')
  })

  await t.test(
    'a commit is told to every process, a word to every other, and after a restart that something may have been missed',
    async (t) => {
      const [store, other] = [await openFor(t, 'told'), await openFor(t, 'told')]
      const told: (News | undefined)[] = []
      let wake = (): void => {}
      const nextNotice = (): Promise<void> => new Promise((resolve) => (wake = resolve))
      const unsubscribe = other.shared.listen((news) => {
        told.push(news)
        wake()
      })
      await nextNotice()
      t.same(told, [undefined], 'from here on it listens')
      let notice = nextNotice()
      await append(store, 'writer')
      await notice
      const committed = { subject: 'catalog', serverName: ORIGIN }
      t.same(told, [undefined, committed])
      notice = nextNotice()
      const word = { subject: 'followers', serverName: 'https://follower.example/v1' } as const
      await other.shared.tell({ ...word, subject: 'keys' })
      await store.shared.tell(word)
      await notice
      t.same(told, [undefined, committed, word], 'what it told itself is no news')
      notice = nextNotice()
      await server.restart('SIGINT')
      await notice
      t.same(told, [undefined, committed, word, undefined])
      unsubscribe()
      await append(store, 'writer')
      await other.close()
      t.equal(told.length, 4)
    },
  )

  await t.test('work is for one process, until it gives it back, ends or dies', async (t) => {
    const [store, other] = [await openFor(t, 'work'), await openFor(t, 'work')]
    const claims = await Promise.all([store, other, store, other].map(({ shared }) => shared.claim('sender', 60_000)))
    t.same(claims, claims[0] ? [true, false, true, false] : [false, true, false, true])
    const [holder, waiting] = claims[0] ? [store, other] : [other, store]
    t.equal(await waiting.shared.claim('poller', 60_000), true, 'each work is apart')
    await waiting.shared.release('sender')
    t.equal(await waiting.shared.claim('sender', 60_000), false, 'who has not got it cannot give it back')
    await holder.shared.release('sender')
    t.equal(await waiting.shared.claim('sender', 60_000), true)
    await server.run("UPDATE work.work SET held_until = now() - interval '1 second'")
    t.equal(await holder.shared.claim('sender', 60_000), true, 'its time was up')
    await holder.close()
    t.equal(await waiting.shared.claim('sender', 60_000), true)
  })
})

/** Lets a process append until it has told of so many commits, and kills it. Yields the sizes that it told of. */
async function* appendUntilKilled(connectionString: string, writer: string, commits: number): AsyncGenerator<number> {
  const script = fileURLToPath(new URL('test-committer.ts', import.meta.url))
  const child = spawn(process.execPath, [...nodeArguments(), script, connectionString, writer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    told += 1
    if (told === commits) child.kill('SIGKILL')
    yield Number(line)
  }
  await closed
}
