import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { expectNothingLost } from './expectations.ts'
import { seededRandom, seedOf } from './random.ts'
import { readsTypeScript } from '../../examples/shared/src/test-process.ts'
import { caughtUp, openPair, type Site, stopBoth } from './site.ts'

/** How often each of the two is killed. Where a start takes seconds, since Node reads no TypeScript, less must do. */
const KILLS_EACH = readsTypeScript ? 100 : 10
const CHANGES = 5000

/** A process lives for so long at most: time for some pages, or for none. */
const MAX_LIFE_MS = 200

/** A start takes a third of a second, and several times that on a machine that is busy with other tests. */
const TIMEOUT_MS = 300_000

t.setTimeout(TIMEOUT_MS)

void t.test(`Sender and receiver are killed ${KILLS_EACH} times each while ${CHANGES} changes flow`, async (t) => {
  t.setTimeout(TIMEOUT_MS)
  const random = seededRandom(seedOf(t))
  const { origin, follower } = await openPair(t)
  let changes = 0

  async function killOften(site: Site, everyTime: () => void): Promise<void> {
    for (let kills = 0; kills < KILLS_EACH; kills += 1) {
      everyTime()
      await pause(random.below(MAX_LIFE_MS))
      await site.kill()
      await site.start({ changes })
    }
  }

  function goOn(): void {
    changes += CHANGES / KILLS_EACH
    // The answer may die with the one who would give it.
    origin.ask('change', changes).catch(() => {})
  }

  await Promise.all([killOften(origin, goOn), killOften(follower, () => {})])
  await caughtUp(follower, origin)
  await stopBoth(origin, follower)
  await expectNothingLost(t, origin, follower, changes)
})
