import assert from 'node:assert/strict'
import type { RemoteKeys, Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { identityOf } from './identity-cases.ts'
import { idsOfKeys } from './key-replacement-cases.ts'
import { append, entryBytes, logCommit, logOf } from './log-samples.ts'
import { raceNonces } from './nonce-cases.ts'
import { binding, publicKeyOf, remembered, save } from './remote-key-samples.ts'
import { NOW_TS, ORIGIN, bytesOf, chapter, commit, idsOf, series } from './samples.ts'
import type { StoreSuiteOptions } from './store-suite.ts'
import { raceTransactions } from './transaction-cases.ts'

/** How often each of two writers appends to one log. */
const APPENDS_A_WRITER = 10

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
      name: 'log: two processes that append at once never fork it, and nothing of either is lost',
      skip,
      run: withSecond((first, second) => raceAppends([first, second])),
    },
    {
      name: 'log: a page that `maxBytes` cut short does not keep a process at that moment',
      skip,
      run: withSecond(async (first, second) => {
        await append(first, [{ put: series('a') }, { put: series('b') }])
        assert.equal((await first.log.page(ORIGIN, { since: 0, limit: 2, maxBytes: 1 })).entries.length, 1)
        await append(second, [{ put: series('a', { bytes: bytesOf('changed') }) }])
        assert.deepEqual(await logOf(first), [['entry 0'], ['entry 1', 'series b'], ['entry 2', 'changed']])
        assert.equal((await append(first, [{ put: series('c') }])).size, 4)
      }),
    },
    {
      name: 'replaceHead: what another process appended meanwhile keeps its head',
      skip,
      run: withSecond(async (first, second) => {
        await append(first, [{ put: series('a') }], { head: bytesOf('over 1') })
        await append(second, [{ put: series('b') }], { head: bytesOf('over 2') })
        assert.equal(await first.log.replaceHead(ORIGIN, 1, bytesOf('over 1 again')), false)
        assert.deepEqual(await first.log.head(ORIGIN), bytesOf('over 2'))
      }),
    },
    {
      name: 'following: what one process does not follow any more, another cannot commit',
      skip,
      run: withSecond(async (first, second) => {
        await first.following.put({ serverName: ORIGIN, record: bytesOf('new') })
        await append(second, [{ put: series('a') }], { following: { from: bytesOf('new'), to: bytesOf('at 1') } })
        await first.following.delete(ORIGIN)
        const late = logCommit(1, [{ put: series('b') }], { following: { from: bytesOf('at 1'), to: bytesOf('at 2') } })
        assert.equal(await second.catalog.commit(ORIGIN, late), undefined)
        assert.deepEqual(await logOf(first), [['entry 0', 'series a']])
      }),
    },
    {
      name: 'transactions: of two processes that are given one id both tell the same digest',
      skip,
      run: withSecond((a, b) => raceTransactions([a, b, a, b])),
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

/** Lets each store append again and again, always on the size that it read; they share their data. */
async function raceAppends(stores: readonly Store[]): Promise<void> {
  const won = await Promise.all(
    stores.map(async (store, writer) => {
      const own: number[] = []
      while (own.length < APPENDS_A_WRITER) {
        const { size } = await store.catalog.state(ORIGIN)
        const puts = [{ put: series('shared') }, { put: series(`${size} of writer ${writer}`) }]
        const head = bytesOf(`over ${size + 2} by writer ${writer}`)
        if (await store.catalog.commit(ORIGIN, logCommit(size, puts, { head }))) own.push(size)
      }
      return own
    }),
  )
  const sizes = won.flat().sort((a, b) => a - b)
  assert.deepEqual(
    sizes,
    sizes.map((_, index) => 2 * index),
  )
  const { head, entries } = await stores[0]!.log.page(ORIGIN, { since: 0, limit: 256, maxBytes: 1_000_000 })
  assert.deepEqual(
    entries.map(({ bytes }) => bytes),
    Array.from({ length: 2 * sizes.length }, (_, seq) => entryBytes(seq)),
  )
  const last = won.findIndex((own) => own.includes(sizes.at(-1)!))
  assert.deepEqual(head, bytesOf(`over ${2 * sizes.length} by writer ${last}`))
  for (const [writer, own] of won.entries()) {
    for (const size of own) {
      assert.deepEqual(entries[size + 1]?.body, bytesOf(`series ${size} of writer ${writer}`))
    }
  }
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
