import { compareCodePoints } from '../code-point-order.ts'
import type { Atomically } from './atomically.ts'
import type { FollowingStore } from './following-store.ts'

/** @param following - the record of each server that is followed, by its name. */
export function memoryFollowingStore(atomically: Atomically, following: Map<string, Uint8Array>): FollowingStore {
  return {
    list: () =>
      atomically(() => {
        const names = [...following.keys()].sort(compareCodePoints)
        return names.map((serverName) => ({ serverName, record: Uint8Array.from(following.get(serverName)!) }))
      }),

    get: (serverName) =>
      atomically(() => {
        const record = following.get(serverName)
        return record && Uint8Array.from(record)
      }),

    put: ({ serverName, record }) =>
      atomically(() => {
        following.set(serverName, Uint8Array.from(record))
      }),

    delete: (serverName) =>
      atomically(() => {
        following.delete(serverName)
      }),
  }
}
