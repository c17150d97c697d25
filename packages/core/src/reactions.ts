import type { Machine } from './machine.ts'
import type { Reactions } from './sharing/index.ts'

/** What a process does about what others that share its store changed. */
export function reactionsOf(parts: Machine): Reactions {
  const { serverName, states, keys, log, push, following, mirroring, balancers, volunteering, duty } = parts

  async function takeUpKeys(): Promise<void> {
    if (await keys.reload()) await log.renewHead()
  }

  return {
    catalog(origin) {
      states.forget()
      if (origin === serverName) return push.wake()
      mirroring.applied(origin)
      volunteering.applied(origin)
    },
    keys: takeUpKeys,
    followers: () => push.changed(),
    alive: (follower) => push.heardFrom(follower),
    async following(origin) {
      await following.changed(origin)
      await volunteering.changed(origin)
    },
    balancers: () => balancers.changed(),
    async missed() {
      states.forget()
      await takeUpKeys()
      await push.changed()
      await balancers.changed()
      await duty.refresh()
    },
  }
}
