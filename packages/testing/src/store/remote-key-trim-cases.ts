import assert from 'node:assert/strict'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { binding, keyDocument, remembered, save } from './remote-key-samples.ts'
import { NOW_TS } from './samples.ts'

const NAMES = ['a', 'b', 'c', 'd'].map((name) => `https://${name}.example.com/v1`)
const [A, B, C, D] = NAMES as [string, string, string, string]

export const remoteKeyTrimCases: readonly Case<Store>[] = [
  {
    name: 'trim: forgets the servers used longest ago, until so many are left',
    run: async (store) => {
      for (const [index, serverName] of [C, A, D, B].entries()) await savePassing(store, serverName, NOW_TS + index)
      for (const [max, left] of [
        [5, [A, B, C, D]],
        [4, [A, B, C, D]],
        [3, [A, B, D]],
        [1, [B]],
        [0, []],
      ] as const) {
        await store.remoteKeys.trim(max)
        assert.deepEqual(await serversOf(store), left, `trim(${max})`)
      }
    },
  },
  {
    name: 'trim: a server that is used again is as new, and an older use that is told later does not age it',
    run: async (store) => {
      for (const [index, serverName] of NAMES.entries()) await savePassing(store, serverName, NOW_TS + index)
      await savePassing(store, A, NOW_TS + 10)
      await savePassing(store, D, NOW_TS - 10)
      await store.remoteKeys.trim(2)
      assert.deepEqual(await serversOf(store), [A, D])
    },
  },
  {
    name: 'trim: lasting servers are neither forgotten nor counted, and a server that was lasting once stays so',
    run: async (store) => {
      await save(store, { serverName: A, lasting: true, usedTs: NOW_TS })
      await savePassing(store, A, NOW_TS)
      await savePassing(store, B, NOW_TS)
      await save(store, { serverName: B, lasting: true, usedTs: NOW_TS })
      await savePassing(store, C, NOW_TS + 1)
      await savePassing(store, D, NOW_TS + 2)
      await store.remoteKeys.trim(1)
      assert.deepEqual(await serversOf(store), [A, B, D])
      await store.remoteKeys.trim(0)
      assert.deepEqual(await serversOf(store), [A, B])
    },
  },
  {
    name: 'trim: of several used at one time exactly so many as allowed are left',
    run: async (store) => {
      for (const serverName of NAMES) await savePassing(store, serverName, NOW_TS)
      await store.remoteKeys.trim(3)
      assert.equal((await serversOf(store)).length, 3)
    },
  },
  {
    name: 'trim: nothing is left of a forgotten server, so that it starts anew, and nothing is missing of the others',
    run: async (store) => {
      await savePassing(store, B, NOW_TS + 1)
      // Saved last: a database that numbers its rows may give the number of the last one to the next.
      await savePassing(store, A, NOW_TS)
      const kept = await remembered(store, B)
      await store.remoteKeys.trim(1)
      assert.deepEqual(await remembered(store, B), kept)

      const anew = { serverName: A, bindings: [binding('ed25519:new')] }
      assert.deepEqual(await save(store, anew), { ...anew, document: undefined })
      assert.deepEqual(await remembered(store, A), { ...anew, document: undefined })
    },
  },
]

function savePassing(store: Store, serverName: string, usedTs: number): Promise<unknown> {
  const document = keyDocument(serverName)
  return save(store, { serverName, document, bindings: [binding('ed25519:a')], lasting: false, usedTs })
}

async function serversOf(store: Store): Promise<string[]> {
  const found = await Promise.all(NAMES.map((serverName) => store.remoteKeys.load(serverName)))
  return found.flatMap((keys) => keys?.serverName ?? [])
}
