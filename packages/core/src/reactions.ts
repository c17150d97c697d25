import type { Balancers, Volunteering } from './balancers/index.ts'
import type { RecentStates } from './catalog/index.ts'
import type { Following } from './follow/index.ts'
import type { OwnKeys } from './keys/index.ts'
import type { OwnLog } from './log/index.ts'
import type { Mirroring } from './mirrored/index.ts'
import type { Push } from './push/index.ts'
import type { Duty, Reactions } from './sharing/index.ts'

/** The parts that what other processes do concerns. */
export interface ReactingParts {
  readonly serverName: string
  readonly states: RecentStates
  readonly keys: OwnKeys
  readonly log: OwnLog
  readonly push: Push
  readonly following: Following
  readonly mirroring: Mirroring
  readonly balancers: Balancers
  readonly volunteering: Volunteering
  readonly duty: Duty
}

/** What a process does about what others that share its store changed. */
export function reactionsOf(parts: ReactingParts): Reactions {
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
