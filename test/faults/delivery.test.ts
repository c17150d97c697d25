import { dirname } from 'node:path'
import t from 'tap'
import { expectNothingLost } from './expectations.ts'
import { seedOf } from './random.ts'
import { caughtUp, openPair, openSite, published, stopBoth, until } from './site.ts'

const CHANGES_WHILE_AWAY = 10_000
const CHANGES_AT_ONCE = 500

void t.test('A follower that was away for 10,000 changes catches up', async (t) => {
  const { origin, follower } = await openPair(t)
  await follower.stop()
  for (let changes = CHANGES_AT_ONCE; changes <= CHANGES_WHILE_AWAY; changes += CHANGES_AT_ONCE) {
    await origin.ask('change', changes)
  }
  await follower.start({})
  await caughtUp(follower, origin)
  await stopBoth(origin, follower)
  await expectNothingLost(t, origin, follower, CHANGES_WHILE_AWAY)
})

void t.test('A transaction that was stored, and whose answer was lost, is neither lost nor stored twice', async (t) => {
  const { origin, follower } = await openPair(t)
  const lost = follower.gate.loseAnswer('PUT /v1/federation/send/')
  await origin.ask('change', 10)
  await lost
  await until(
    () => origin.ask('followers'),
    ([row]) => row?.failures === 1,
  )
  await origin.ask('change', 20)
  await origin.ask('passTime', 60_000)
  const size = await origin.ask('logSize')
  const [row] = await until(
    () => origin.ask('followers'),
    ([seen]) => seen?.size === size,
  )
  t.match(row, { state: 'in_step', failures: 0, lastError: undefined })
  await caughtUp(follower, origin)
  await stopBoth(origin, follower)
  await expectNothingLost(t, origin, follower, 20)
})

void t.test('Two processes on one database, both of which publish and push the same, do it once', async (t) => {
  const { origin, follower } = await openPair(t)
  const twin = await openSite(t, dirname(origin.databasePath))
  await twin.start({ serverName: origin.serverName, databasePath: origin.databasePath })
  for (let changes = 20; changes <= 600; changes += 20) {
    await Promise.all([origin, twin].map((site) => site.ask('change', changes)))
  }
  await caughtUp(follower, origin)
  await twin.stop()
  await stopBoth(origin, follower)
  await expectNothingLost(t, origin, follower, 600)
})

void t.test('Stores that fail now and then, before a call or after it, lose nothing', async (t) => {
  const seed = seedOf(t)
  const { origin, follower } = await openPair(t)
  await origin.ask('failStore', { ofHundred: 5, seed })
  await follower.ask('failStore', { ofHundred: 5, seed: seed + 1 })
  for (let changes = 20; changes <= 400; changes += 20) await origin.ask('change', changes)
  await published(origin, 400)
  await until(
    // Looking at once may fail, as everything may here.
    () => follower.ask('check', origin.serverName).catch(() => undefined),
    (status) => status !== undefined && status.size > 0 && status.size === status.headSize,
  )
  await origin.stop()
  await follower.stop()
  await origin.start({ changes: 400 })
  await follower.start({})
  await caughtUp(follower, origin)
  await stopBoth(origin, follower)
  await expectNothingLost(t, origin, follower, 400)
})
