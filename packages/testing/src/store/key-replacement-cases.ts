import assert from 'node:assert/strict'
import type { OwnKey, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { identityOf } from './identity-cases.ts'

export const keyReplacementCases: readonly Case<Store>[] = [
  {
    name: 'replaceKeys: the keys become those given, in their order, retired ones among them, and the name stays',
    run: async (store) => {
      const { serverName, keys } = await store.identity.create(identityOf(1))
      const [first, second] = keys
      const [added] = identityOf(50).keys
      const rotated = [added!, { ...first!, expiredTs: first!.createdTs + 1 }, second!]
      assert.equal(await store.identity.replaceKeys(idsOfKeys(keys), rotated), true)
      assert.deepEqual(await store.identity.load(), { serverName, keys: rotated })

      assert.equal(await store.identity.replaceKeys(idsOfKeys(rotated), [second!, added!]), true)
      assert.deepEqual(await store.identity.load(), { serverName, keys: [second, added] })
    },
  },
  {
    name: 'replaceKeys: when other keys are stored than those expected, nothing is replaced',
    run: async (store) => {
      const { keys } = identityOf(50)
      assert.equal(await store.identity.replaceKeys([], keys), false)
      assert.equal(await store.identity.load(), undefined)

      await store.identity.create(identityOf(1))
      const stored = idsOfKeys(identityOf(1).keys)
      for (const expected of [
        [],
        stored.slice(0, 1),
        stored.toReversed(),
        [...stored, 'ed25519:more'],
        idsOfKeys(keys),
      ]) {
        assert.equal(await store.identity.replaceKeys(expected, keys), false, `expecting [${expected.join(', ')}]`)
      }
      assert.deepEqual(await store.identity.load(), identityOf(1))
    },
  },
  {
    name: 'replaceKeys: one that fails half way leaves the keys as they were',
    run: async (store) => {
      await store.identity.create(identityOf(1))
      const [good, other] = identityOf(50).keys
      const impossible = { ...other!, seed: null as unknown as Uint8Array }
      const replacing = store.identity.replaceKeys(idsOfKeys(identityOf(1).keys), [good!, impossible])
      await assert.rejects(replacing, 'replaceKeys() stored a key whose seed is null')
      assert.deepEqual(await store.identity.load(), identityOf(1))
    },
  },
  {
    name: 'replaceKeys: what the caller does to a seed that it gave changes nothing in the store',
    run: async (store) => {
      await store.identity.create(identityOf(1))
      const { keys } = identityOf(50)
      await store.identity.replaceKeys(idsOfKeys(identityOf(1).keys), keys)
      for (const { seed } of keys) seed.fill(255)
      assert.deepEqual(await store.identity.load(), identityOf(50))
    },
  },
]

export function idsOfKeys(keys: readonly OwnKey[]): string[] {
  return keys.map(({ keyId }) => keyId)
}
