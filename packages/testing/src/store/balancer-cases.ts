import assert from 'node:assert/strict'
import type { LoadBalancer, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { IDS_IN_ORDER, NOW_TS, ORIGIN } from './samples.ts'

export const balancerCases: readonly Case<Store>[] = [
  {
    name: 'balancers: one is told as it was put last, until it is deleted',
    run: async ({ balancers }) => {
      assert.equal(await balancers.get(ORIGIN), undefined)
      await balancers.delete(ORIGIN)
      const versions = [
        balancer(ORIGIN),
        balancer(ORIGIN, { state: 'success', checkedTs: NOW_TS + 1, succeededTs: NOW_TS + 1, nextPollTs: NOW_TS + 2 }),
        balancer(ORIGIN, {
          state: 'error',
          error: { code: 'E100', message: 'It is “old”.' },
          failures: 3,
          checkedTs: Number.MAX_SAFE_INTEGER,
        }),
        ...(['pending', 'refused', 'deleted'] as const).map((state) => balancer(ORIGIN, { state })),
      ]
      for (const version of versions) {
        await balancers.put(version)
        assert.deepEqual(await balancers.get(ORIGIN), version)
        assert.deepEqual(await balancers.list(), [version])
      }
      await balancers.delete(ORIGIN)
      assert.equal(await balancers.get(ORIGIN), undefined)
      assert.deepEqual(await balancers.list(), [])
    },
  },
  {
    name: 'balancers: all are told in the order of their names',
    run: async ({ balancers }) => {
      const all = IDS_IN_ORDER.map((id, index) => balancer(`https://example.com/${id}`, { failures: index }))
      for (const one of all.toReversed()) await balancers.put(one)
      assert.deepEqual(await balancers.list(), all)
    },
  },
]

/** One that has just asked. */
export function balancer(serverName: string, differing: Partial<LoadBalancer> = {}): LoadBalancer {
  return {
    serverName,
    state: 'asked',
    registeredTs: NOW_TS,
    error: undefined,
    failures: 0,
    checkedTs: undefined,
    succeededTs: undefined,
    nextPollTs: NOW_TS,
    ...differing,
  }
}
