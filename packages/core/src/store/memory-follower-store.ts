import { compareCodePoints } from '../code-point-order.ts'
import type { Atomically } from './atomically.ts'
import type { Follower, FollowerStore } from './follower-store.ts'

export function memoryFollowerStore(atomically: Atomically): FollowerStore {
  const followers = new Map<string, Follower>()
  return {
    list: ({ afterName, limit }) =>
      atomically(() => {
        const isAfter = ({ serverName }: Follower): boolean =>
          afterName === undefined || compareCodePoints(serverName, afterName) > 0
        const after = [...followers.values()].filter(isAfter)
        after.sort((a, b) => compareCodePoints(a.serverName, b.serverName))
        return after.slice(0, limit).map((follower) => ({ ...follower }))
      }),

    get: (serverName) =>
      atomically(() => {
        const follower = followers.get(serverName)
        return follower && { ...follower }
      }),

    count: () => atomically(() => followers.size),

    put: (follower) =>
      atomically(() => {
        followers.set(follower.serverName, { ...follower })
      }),

    delete: (serverName) => atomically(() => followers.delete(serverName)),
  }
}
