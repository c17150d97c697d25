import assert from 'node:assert/strict'
import type { Follower, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { IDS_IN_ORDER, NOW_TS, ORIGIN } from './samples.ts'

export const followerCases: readonly Case<Store>[] = [
  {
    name: 'followers: one is told as it was put last, until it is deleted',
    run: async ({ followers }) => {
      assert.equal(await followers.get(ORIGIN), undefined)
      assert.equal(await followers.delete(ORIGIN), false)
      const versions = [
        follower(ORIGIN),
        follower(ORIGIN, { failures: 3, failingSinceTs: NOW_TS + 1, nextTryTs: NOW_TS + 2, lastError: 'timed out' }),
        follower(ORIGIN, { acknowledgedSize: Number.MAX_SAFE_INTEGER, subscribedTs: NOW_TS + 3 }),
      ]
      for (const version of versions) {
        await followers.put(version)
        assert.deepEqual(await followers.get(ORIGIN), version)
        assert.equal(await followers.count(), 1)
      }
      assert.equal(await followers.delete(ORIGIN), true)
      assert.equal(await followers.delete(ORIGIN), false)
      assert.equal(await followers.get(ORIGIN), undefined)
      assert.equal(await followers.count(), 0)
    },
  },
  {
    name: 'followers: pages are in the order of names, from behind `afterName` on, which need not be there',
    run: async ({ followers }) => {
      assert.deepEqual(await followers.list({ afterName: undefined, limit: 10 }), [])
      const all = IDS_IN_ORDER.map((id, index) => follower(`https://example.com/${id}`, { acknowledgedSize: index }))
      for (const one of all.toReversed()) await followers.put(one)
      assert.equal(await followers.count(), all.length)
      assert.deepEqual(await followers.list({ afterName: undefined, limit: 1000 }), all)
      assert.deepEqual(await followers.list({ afterName: all[3]!.serverName, limit: 2 }), all.slice(4, 6))
      await followers.delete(all[3]!.serverName)
      assert.deepEqual(await followers.list({ afterName: all[3]!.serverName, limit: 2 }), all.slice(4, 6))
      assert.deepEqual(await followers.list({ afterName: all.at(-1)!.serverName, limit: 2 }), [])
    },
  },
]

/** A follower to which all deliveries succeeded. */
export function follower(serverName: string, differing: Partial<Follower> = {}): Follower {
  return {
    serverName,
    subscribedTs: NOW_TS,
    acknowledgedSize: 0,
    failures: 0,
    failingSinceTs: undefined,
    nextTryTs: NOW_TS,
    lastError: undefined,
    ...differing,
  }
}
