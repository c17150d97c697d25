import assert from 'node:assert/strict'
import type { Identity, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { NOW_TS, ORIGIN } from './samples.ts'

/** An identity whose bytes all derive from `fill`. */
export function identityOf(fill: number): Identity {
  return {
    serverName: ORIGIN,
    keys: ['ed25519:zulu', 'ed25519:alpha'].map((keyId, index) => ({
      keyId: `${keyId}${fill}`,
      seed: new Uint8Array(32).fill(fill + index),
      createdTs: NOW_TS + fill,
      expiredTs: index === 0 ? undefined : NOW_TS + fill + 1,
    })),
  }
}

export const identityCases: readonly Case<Store>[] = [
  {
    name: 'identity: there is none before the first start',
    run: async (store) => assert.equal(await store.identity.load(), undefined),
  },
  {
    name: 'identity: what was created is loaded, keys in the order given',
    run: async (store) => {
      assert.deepEqual(await store.identity.create(identityOf(1)), identityOf(1))
      assert.deepEqual(await store.identity.load(), identityOf(1))
    },
  },
  {
    name: 'identity: an existing one is never replaced',
    run: async (store) => {
      await store.identity.create(identityOf(1))
      assert.deepEqual(await store.identity.create(identityOf(50)), identityOf(1))
      assert.deepEqual(await store.identity.load(), identityOf(1))
    },
  },
  {
    name: 'identity: created several times at once, all get the same one',
    run: async (store) => {
      const created = await Promise.all([1, 50, 100].map((fill) => store.identity.create(identityOf(fill))))
      const stored = await store.identity.load()
      for (const identity of created) assert.deepEqual(identity, stored)
    },
  },
  {
    name: 'identity: what the caller does to its arrays changes nothing in the store',
    run: async (store) => {
      const given = identityOf(1)
      const created = await store.identity.create(given)
      for (const { keys } of [given, created, await store.identity.load()].filter((each) => each !== undefined)) {
        for (const { seed } of keys) seed.fill(255)
      }
      assert.deepEqual(await store.identity.load(), identityOf(1))
    },
  },
  {
    name: 'close: twice is fine, and what is asked afterwards is refused with the code `closed`',
    run: async (store) => {
      await store.close()
      await store.close()
      await assert.rejects(store.identity.load(), { code: 'closed' })
      await assert.rejects(store.catalog.state(ORIGIN), { code: 'closed' })
      await assert.rejects(store.remoteKeys.load(ORIGIN), { code: 'closed' })
      await assert.rejects(store.nonces.use('nonce', NOW_TS, NOW_TS), { code: 'closed' })
    },
  },
]
