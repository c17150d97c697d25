import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteStore } from '@manga-federation/sqlite'
import type { Child } from './child.ts'
import { openCrowd, subscribe } from './crowd.ts'
import { freePlace, startFederatedSite } from './federated-site.ts'
import { CHAPTERS_A_SERIES } from './made-up-catalog.ts'
import { type BenchResult, median } from './measure.ts'
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
  const crowd = await openCrowd(FOLLOWERS)
  const store = await openSqliteStore({ path: databasePath })
  await subscribe(crowd, store, 0)
  await store.close()
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
