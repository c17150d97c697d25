import { memoryStore } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import t from 'tap'
import { missing, TestServer } from '../../packages/postgres/src/test-server.ts'
import { WITHOUT_NGINX } from '../adapters/nginx.ts'
import { expectEachChangeOnce, expectSameCatalog } from '../faults/expectations.ts'
import { seededRandom, seedOf } from '../faults/random.ts'
import { until } from '../faults/site.ts'
import { readStored } from '../faults/stored.ts'
import { Cluster, type ClusterProcess } from './cluster.ts'
import { editSite } from './editing.ts'
import { expectHeadsOfOneLog, expectPublished } from './expectations.ts'
import { openFollower } from './followers.ts'
import { Watch } from './watch.ts'

const CHANGES = 10_000

const KILLS = 2

/** A mishap comes when so many percent of the changes are made, at least and at most. */
const MISHAPS = { from: 10, to: 80 } as const

/** The others do a process's work within so long after its end. */
const TAKE_OVER_MS = 30_000

/** It takes a minute, most of which is waiting for the work of the dead; more on a machine that is busy. */
const TIMEOUT_MS = 300_000

t.setTimeout(TIMEOUT_MS)

void t.test(
  'Of four processes on one PostgreSQL two are killed, and it is restarted, while they publish 10,000 changes',
  { skip: missing || (WITHOUT_NGINX ?? false) },
  async (t) => {
    t.setTimeout(TIMEOUT_MS)
    const random = seededRandom(seedOf(t))
    const server = await TestServer.start(t)
    const origin = await Cluster.open(t, server, 'origin', 4)
    const mirror = await Cluster.open(t, server, 'mirror', 2)
    const pushed = await openFollower(t, await openSqliteStore({ path: `${t.testdir()}/pushed.db` }), true)
    const unreachable = await openFollower(t, memoryStore(), false)

    const ofOrigin = `/v1/manga/log/origin/${encodeURIComponent(origin.serverName)}/head`
    const atOrigin = new Watch(origin, ofOrigin)
    const atMirror = new Watch(mirror, ofOrigin)
    t.teardown(() => Promise.all([atOrigin.stop(), atMirror.stop()]))
    await pushed.federation.follow(origin.serverName)
    await unreachable.federation.follow(origin.serverName)
    // It tells the one who does the work.
    await (await mirror.others())[0]?.follow(origin.serverName)

    const editing = editSite(origin.address, CHANGES, random)
    const atRandom = (): Promise<void> => editing.reached(MISHAPS.from + random.below(MISHAPS.to - MISHAPS.from))

    /** Who has the work that is for one; while the database starts, or a claim runs out, that is nobody. */
    async function workerOfOrigin(): Promise<ClusterProcess> {
      const worker = await until(
        () => origin.worker(),
        (found) => found !== undefined,
      )
      return worker!
    }

    async function killWorker(): Promise<void> {
      await atRandom()
      await (await workerOfOrigin()).kill()
      const killedMs = performance.now()
      await workerOfOrigin()
      t.ok(performance.now() - killedMs < TAKE_OVER_MS, 'another one has taken it over')
    }

    async function killAnother(): Promise<void> {
      await atRandom()
      const worker = await workerOfOrigin()
      const others = origin.running().filter((process) => process !== worker)
      const killed = others[random.below(others.length)]
      await killed?.kill()
      await killed?.start()
    }

    async function restartDatabase(): Promise<void> {
      await atRandom()
      await server.restart('SIGQUIT')
    }

    await Promise.all([killWorker(), killAnother(), restartDatabase(), editing.run()])
    await until(
      () => Promise.all(origin.running().map((process) => process.status())),
      (statuses) => statuses.every(({ reconciling }) => !reconciling),
    )
    const head = await until(
      () => atOrigin.head(),
      (shown) => shown !== undefined,
    )
    await until(
      () => atMirror.head(),
      (shown) => shown?.root === head?.root,
    )
    for (const { federation } of [pushed, unreachable]) {
      await until(
        () => federation.following(),
        ([followed]) => followed?.state === 'fresh' && followed.size === head?.size,
      )
    }
    await Promise.all([atOrigin.stop(), atMirror.stop()])

    const published = await readStored(await origin.store(), origin.serverName)
    expectPublished(t, published, await origin.records())
    expectEachChangeOnce(t, published)
    expectHeadsOfOneLog(t, [...atOrigin.heads, ...atMirror.heads], published)
    for (const store of [pushed.store, unreachable.store, await mirror.store()]) {
      expectSameCatalog(t, await readStored(store, origin.serverName), published)
    }
    t.strictSame([...pushed.refusals, ...unreachable.refusals, ...atMirror.refusals], [], 'no follower was suspicious')
    const strangers = atOrigin.whoDid('manga_federation.push').filter((life) => !atOrigin.workers.includes(life))
    t.strictSame(strangers, [], 'only who had the work has pushed')
    t.ok(atOrigin.workers.length <= 1 + KILLS, 'and it changed hands only when somebody died')
    t.strictSame(atMirror.whoDid('manga_federation.follow'), atMirror.workers, 'only who had the work has followed')
    t.equal(atMirror.workers.length, 1)
  },
)
