import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteStore } from '@manga-federation/sqlite'
import type { Child } from './child.ts'
import { freePlace, startFederatedSite } from './federated-site.ts'
import { CHAPTERS_A_SERIES } from './made-up-catalog.ts'
import { type BenchResult, median } from './measure.ts'
import { API } from './site.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const CHANGES = 60

/** Changes before the clock counts, for the engine to compile what it runs. */
const WARM_UP_CHANGES = 10

/** Between two changes nothing happens. */
const IDLE_MS = 30

/** What a change may take to the follower's store. */
const LIMIT_MS = 50

const FOLLOWERS = 500
const CHANGES_TO_MANY = 10

/** What a change may take to each of many followers. */
const MANY_LIMIT_MS = 1000

/** Between two looks at something that is on its way. */
const LOOK_INTERVAL_MS = 5

/** How long a change takes to a follower, and to many. */
export async function latency(): Promise<BenchResult[]> {
  const folder = temporaryFolder()
  try {
    return [await toOneFollower(folder), await toManyFollowers(folder)]
  } finally {
    folder.remove()
  }
}

async function toOneFollower(folder: TemporaryFolder): Promise<BenchResult> {
  const place = await freePlace()
  const origin = startFederatedSite({ ...place, databasePath: folder.file('origin.db'), series: 1 })
  const follower = startFederatedSite({
    ...(await freePlace()),
    databasePath: folder.file('follower.db'),
    series: 0,
    origin: place.serverName,
  })
  try {
    await origin.ask('open')
    await follower.ask('open')
    await follower.ask('follow')
    await untilSubscribed(origin)
    await stored(follower, 1)
    const times: number[] = []
    for (let change = 0; change < WARM_UP_CHANGES + CHANGES; change += 1) {
      await sleep(IDLE_MS)
      const toldAt = await origin.ask<number>('change')
      const storedAt = await stored(follower, 1)
      if (change >= WARM_UP_CHANGES) times.push(storedAt - toldAt)
    }
    const ms = median(times)
    return {
      name: 'a change on its way to a follower’s store',
      ratio: ms / LIMIT_MS,
      limit: 1,
      direction: 'at most',
      detail: `${LIMIT_MS} ms: ${ms.toFixed(1)} ms from the site’s word to the follower’s SQLite file, median of ${CHANGES}`,
    }
  } finally {
    await Promise.all([origin.stop(), follower.stop()])
  }
}

async function untilSubscribed(origin: Child): Promise<void> {
  while ((await origin.ask<number>('followers')) === 0) await sleep(LOOK_INTERVAL_MS)
}

/** When the last of so many changes was stored. */
async function stored(follower: Child, changes: number): Promise<number> {
  const times: number[] = []
  for (;;) {
    times.push(...(await follower.ask<number[]>('stored')))
    if (times.length >= changes) return times.at(-1)!
    await sleep(LOOK_INTERVAL_MS)
  }
}

async function toManyFollowers(folder: TemporaryFolder): Promise<BenchResult> {
  const place = await freePlace()
  const databasePath = folder.file('followed.db')
  const crowd = await openCrowd()
  await subscribe(crowd, databasePath)
  const origin = startFederatedSite({ ...place, databasePath, series: 1 })
  try {
    await origin.ask('open')
    await crowd.allHold(1 + CHAPTERS_A_SERIES)
    const times: number[] = []
    for (let change = 1; change <= WARM_UP_CHANGES + CHANGES_TO_MANY; change += 1) {
      await sleep(IDLE_MS)
      const toldAt = await origin.ask<number>('change')
      const heldAt = await crowd.allHold(1 + CHAPTERS_A_SERIES + change)
      if (change > WARM_UP_CHANGES) times.push(heldAt - toldAt)
    }
    const ms = Math.max(...times)
    return {
      name: `a change on its way to the last of ${FOLLOWERS} followers`,
      ratio: ms / MANY_LIMIT_MS,
      limit: 1,
      direction: 'at most',
      detail: `${MANY_LIMIT_MS} ms: ${ms.toFixed(0)} ms at most, ${median(times).toFixed(0)} ms in the median of ${CHANGES_TO_MANY}`,
    }
  } finally {
    await origin.stop()
    crowd.close()
  }
}

/** Many followers in this process, each of which remembers only how much it was told. */
interface Crowd {
  readonly names: readonly string[]
  /** When the last of them held so many entries, on the clock of the machine in milliseconds. */
  allHold(size: number): Promise<number>
  close(): void
}

async function openCrowd(): Promise<Crowd> {
  const held = new Map<string, number>()
  let told: () => void = () => {}
  const server = createServer((request, response) => void take(request, response))

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { start, entries } = (await json(request)) as { start: number; entries: unknown[] }
    const size = start + entries.length
    held.set(request.url!.split('/', 2)[1]!, size)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ size }))
    told()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const paths = Array.from({ length: FOLLOWERS }, (_, index) => `f${index}`)
  return {
    names: paths.map((path) => `http://127.0.0.1:${port}/${path}${API}`),
    async allHold(size) {
      while (paths.some((path) => (held.get(path) ?? 0) < size)) await new Promise<void>((resolve) => (told = resolve))
      return performance.timeOrigin + performance.now()
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Lets a server that does not run yet remember that all of them follow it. */
async function subscribe({ names }: Crowd, databasePath: string): Promise<void> {
  const store = await openSqliteStore({ path: databasePath })
  for (const serverName of names) {
    await store.followers.put({
      serverName,
      subscribedTs: Date.now(),
      acknowledgedSize: 0,
      failures: 0,
      failingSinceTs: undefined,
      nextTryTs: 0,
      lastError: undefined,
    })
  }
  await store.close()
}
