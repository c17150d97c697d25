import { cpSync } from 'node:fs'
import t, { type Test } from 'tap'
import { expectNothingLost } from './expectations.ts'
import { caughtUp, openPair, published, type Site, stopBoth, until } from './site.ts'
import { smallDisk, whyNoSmallDisk } from './small-disk.ts'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

/** More than the small disk holds. */
const TOO_MANY_CHANGES = 3000

void t.test('A disk that is full', { skip: whyNoSmallDisk() }, async (t) => {
  await t.test('of the follower: it says so, keeps what it has, and goes on when there is room', async (t) => {
    const { origin, follower } = await openPair(t, { follower: smallDisk })
    await origin.ask('change', TOO_MANY_CHANGES)
    await untilSaid(follower, origin, /disk is full.*make room/i)
    await follower.ask('makeRoom')
    await expectCaughtUp(t, follower, origin)
    await stopBoth(origin, follower)
    await expectNothingLost(t, origin, follower, TOO_MANY_CHANGES)
  })

  await t.test('of the origin: what it could not publish is published when there is room', async (t) => {
    const { origin, follower } = await openPair(t, { origin: smallDisk })
    for (const part of [1 / 3, 2 / 3, 1]) await origin.ask('change', TOO_MANY_CHANGES * part)
    t.match((await origin.ask('warnings')).join('\n'), /disk is full.*make room/i)
    await origin.ask('makeRoom')
    await published(origin, TOO_MANY_CHANGES)
    await expectCaughtUp(t, follower, origin)
    await stopBoth(origin, follower)
    await expectNothingLost(t, origin, follower, TOO_MANY_CHANGES)
  })
})

void t.test('A clock that jumps', async (t) => {
  const { origin, follower } = await openPair(t)
  let changes = 0
  for (const { whose, jumpMs, says } of [
    { whose: follower, jumpMs: -HOUR_MS, says: /clock/ },
    { whose: origin, jumpMs: HOUR_MS, says: /clock/ },
    { whose: follower, jumpMs: HOUR_MS, says: undefined },
    { whose: origin, jumpMs: -HOUR_MS, says: undefined },
    { whose: follower, jumpMs: 30 * DAY_MS, says: undefined },
    { whose: origin, jumpMs: -30 * DAY_MS, says: undefined },
  ]) {
    const name = `of the ${whose === origin ? 'origin' : 'follower'} by ${jumpMs / HOUR_MS} hours`
    await t.test(`${name}: nothing is lost, and all is well when it is right again`, async (t) => {
      changes += 20
      await whose.ask('setClock', jumpMs)
      await origin.ask('change', changes)
      if (says) await untilSaid(follower, origin, says)
      await whose.ask('setClock', 0)
      changes += 20
      await origin.ask('change', changes)
      await expectCaughtUp(t, follower, origin)
    })
  }
  await stopBoth(origin, follower)
  await expectNothingLost(t, origin, follower, changes)
})

void t.test('A backup of the origin’s database that is put back is noticed on both sides', async (t) => {
  const { origin, follower } = await openPair(t)
  await origin.ask('change', 20)
  await caughtUp(follower, origin)
  await origin.stop()
  const backup = `${origin.databasePath}.backup`
  cpSync(origin.databasePath, backup)
  await origin.start({ changes: 20 })
  await origin.ask('change', 60)
  await caughtUp(follower, origin)
  const [before] = await follower.ask('following')

  await origin.stop()
  cpSync(backup, origin.databasePath)
  // The site's own database was restored, too, and goes on differently.
  await origin.start({ changes: 20 })
  await origin.ask('change', 35)

  await untilSaid(follower, origin, /restored a backup/)
  const [status] = await follower.ask('following')
  t.match(status, { state: 'forked', size: before?.size }, 'the follower stops there and keeps what it has')
  const warnings: string[] = []
  await until(
    async () => {
      warnings.push(...(await origin.ask('warnings')))
      return warnings.join('\n')
    },
    (said) => /older copy of the database must have been restored/.test(said),
  )
  t.match(await origin.ask('followers'), [{ state: 'ahead' }])
})

/** Waits until a site says this about the server that it follows. */
async function untilSaid(follower: Site, origin: Site, words: RegExp): Promise<void> {
  await until(
    () => follower.ask('check', origin.serverName),
    ({ lastError = '' }) => words.test(lastError),
  )
}

/** Lets a site look at once until it has everything, and expects that nothing is wrong then. */
async function expectCaughtUp(t: Test, follower: Site, origin: Site): Promise<void> {
  const size = await origin.ask('logSize')
  const status = await until(
    () => follower.ask('check', origin.serverName),
    (seen) => seen.size === size,
  )
  t.match(status, { state: 'fresh', lastError: undefined })
}
