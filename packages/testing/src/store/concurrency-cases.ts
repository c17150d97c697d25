import assert from 'node:assert/strict'
import type { RemoteKeys, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { identityOf } from './identity-cases.ts'
import { idsOfKeys } from './key-replacement-cases.ts'
import { raceNonces } from './nonce-cases.ts'
import { binding, publicKeyOf, remembered, save } from './remote-key-samples.ts'
import { NOW_TS, ORIGIN, chapter, commit, idsOf, series } from './samples.ts'
import type { StoreSuiteOptions } from './store-suite.ts'

/** What holds when several write at once, within one process and as two. */
export function concurrencyCases(reopen: StoreSuiteOptions['reopen']): Case<Store>[] {
  const skip = reopen === undefined ? 'no `reopen` was given, so there is no second process to play' : undefined
  /** Runs a case with a second store on the same data. */
  const withSecond = (run: (first: Store, second: Store) => Promise<void>) => async (store: Store) => {
    const second = await reopen!(store)
    try {
      await run(store, second)
    } finally {
      await second.close()
    }
  }
  return [
    {
      name: 'commit: of several at once on one size exactly one is stored',
      run: (store) => raceCommits([store, store, store, store]),
    },
    {
      name: 'commit: of two processes on one size exactly one wins',
      skip,
      run: withSecond((a, b) => raceCommits([a, b, a, b])),
    },
    {
      name: 'commit: what one process stored, another sees at once and must build on',
      skip,
      run: withSecond(async (first, second) => {
        assert.deepEqual(await second.catalog.state(ORIGIN), { size: 0, changedTs: 0 })
        await commit(first, [series('a')])
        assert.deepEqual(await idsOf(second, 'series'), ['a'])
        const late = { expectedSize: 0, puts: [series('b')], deletes: [], changedTs: NOW_TS }
        assert.equal(await second.catalog.commit(ORIGIN, late), undefined)
        assert.equal((await commit(second, [series('b')])).size, 2)
        assert.deepEqual(await idsOf(first, 'series'), ['a', 'b'])
      }),
    },
    {
      name: 'identity: two processes that start together end with the same one',
      skip,
      run: withSecond(async (first, second) => {
        const [ours, theirs] = await Promise.all([
          first.identity.create(identityOf(1)),
          second.identity.create(identityOf(50)),
        ])
        assert.deepEqual(ours, theirs)
        assert.deepEqual(await second.identity.load(), await first.identity.load())
      }),
    },
    {
      name: 'replaceKeys: of two processes that expect the same keys exactly one replaces them',
      skip,
      run: withSecond(async (first, second) => {
        const { keys } = await first.identity.create(identityOf(1))
        const replace = (store: Store, fill: number): Promise<boolean> =>
          store.identity.replaceKeys(idsOfKeys(keys), identityOf(fill).keys)
        const replaced = await Promise.all([replace(first, 50), replace(second, 100)])
        assert.equal(replaced.filter(Boolean).length, 1, `${replaced.join(', ')}: exactly one replaces them`)
        const winner = identityOf(replaced[0] ? 50 : 100)
        for (const store of [first, second]) assert.deepEqual(await store.identity.load(), winner)
      }),
    },
    {
      name: 'binding: of two processes that bind one key id both end with the key of one',
      skip,
      run: withSecond(async (first, second) => {
        const bind = (store: Store, fill: number): Promise<RemoteKeys> =>
          save(store, { bindings: [binding('ed25519:a', { publicKey: publicKeyOf(fill) })] })
        const [ours, theirs] = await Promise.all([bind(first, 1), bind(second, 2)])
        assert.deepEqual(ours, theirs)
        for (const store of [first, second]) assert.deepEqual(await remembered(store), ours)
      }),
    },
    {
      name: 'nonces: of two processes that use one at the same time exactly one is the first',
      skip,
      run: withSecond((a, b) => raceNonces([a, b, a, b])),
    },
    {
      name: 'commit: a reader sees all of a commit or nothing of it',
      run: async (store) => {
        const writing = commit(store, [series('a'), chapter('c1', 'a'), chapter('c2', 'a')])
        const reading = await Promise.all([1, 2, 3, 4].map(() => store.catalog.count(ORIGIN, 'chapter')))
        await writing
        for (const count of [...reading, await store.catalog.count(ORIGIN, 'chapter')])
          assert.ok([0, 2].includes(count))
      },
    },
  ]
}

async function raceCommits(stores: readonly Store[]): Promise<void> {
  const states = await Promise.all(
    stores.map((store, writer) => {
      const puts = [series('shared', { revision: writer + 1 }), series(`of writer ${writer}`)]
      return store.catalog.commit(ORIGIN, { expectedSize: 0, puts, deletes: [], changedTs: NOW_TS })
    }),
  )
  const winners = states.flatMap((state, writer) => (state === undefined ? [] : [writer]))
  assert.equal(winners.length, 1, `${winners.length} of ${stores.length} commits on size 0 were stored`)
  const [winner] = winners
  const [store] = stores
  assert.deepEqual(await idsOf(store!, 'series'), [`of writer ${winner}`, 'shared'])
  assert.equal((await store!.catalog.versions(ORIGIN, 'series', ['shared'])).get('shared')?.revision, winner! + 1)
  assert.deepEqual(await store!.catalog.state(ORIGIN), { size: 2, changedTs: NOW_TS })
}
