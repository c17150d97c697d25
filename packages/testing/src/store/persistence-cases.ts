import assert from 'node:assert/strict'
import type { Store } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { balancer } from './balancer-cases.ts'
import { follower } from './follower-cases.ts'
import { identityOf } from './identity-cases.ts'
import { append, logOf, nodeBytes } from './log-samples.ts'
import { binding, keyDocument, remembered, save, witnessed } from './remote-key-samples.ts'
import { IDS_IN_ORDER, NOW_TS, ORIGIN, bytesOf, chapter, commit, idsOf, series } from './samples.ts'
import type { StoreSuiteOptions } from './store-suite.ts'

/** What holds of the database behind the store. */
export function persistenceCases(
  reopen: StoreSuiteOptions['reopen'],
  rawObject: StoreSuiteOptions['rawObject'],
): Case<Store>[] {
  return [
    {
      name: 'reopening: everything is there, and the size goes on where it was',
      skip: reopen === undefined ? 'no `reopen` was given, so the store may forget' : undefined,
      run: async (store) => {
        await store.identity.create(identityOf(1))
        await commit(store, [...IDS_IN_ORDER.map((id) => series(id)), chapter('c', 's')])
        await commit(store, [], [{ kind: 'series', id: 'a' }])
        await store.close()

        const reopened = await reopen!(store)
        try {
          const size = IDS_IN_ORDER.length + 2
          assert.deepEqual(await reopened.identity.load(), identityOf(1))
          assert.deepEqual(await reopened.catalog.state(ORIGIN), { size, changedTs: NOW_TS })
          assert.deepEqual(
            await idsOf(reopened, 'series'),
            IDS_IN_ORDER.filter((id) => id !== 'a'),
          )
          assert.deepEqual(await reopened.catalog.get(ORIGIN, 'chapter', 'c'), bytesOf('chapter c'))
          assert.equal((await commit(reopened, [series('a')])).size, size + 1)
        } finally {
          await reopened.close()
        }
      },
    },
    {
      name: 'reopening: the keys of other servers, whether they last, and used nonces are there',
      skip: reopen === undefined ? 'no `reopen` was given, so the store may forget' : undefined,
      run: async (store) => {
        const told = { document: keyDocument('document'), bindings: [binding('ed25519:a'), witnessed('ed25519:b')] }
        const saved = await save(store, { ...told, lasting: true })
        await save(store, { ...told, serverName: ORIGIN, lasting: false })
        assert.equal(await store.nonces.use('nonce', NOW_TS + 1, NOW_TS), true)
        await store.close()

        const reopened = await reopen!(store)
        try {
          assert.deepEqual(await remembered(reopened, ORIGIN), { ...saved, serverName: ORIGIN })
          await reopened.remoteKeys.trim(0)
          assert.equal(await remembered(reopened, ORIGIN), undefined)
          assert.deepEqual(await remembered(reopened), saved)
          assert.equal(await reopened.nonces.use('nonce', NOW_TS + 1, NOW_TS), false)
        } finally {
          await reopened.close()
        }
      },
    },
    {
      name: 'reopening: logs, followed servers, followers, load balancers and transactions are there',
      skip: reopen === undefined ? 'no `reopen` was given, so the store may forget' : undefined,
      run: async (store) => {
        const transaction = { sender: ORIGIN, id: 'id', digest: new Uint8Array(32).fill(1), expiresTs: NOW_TS }
        const withheld = [{ kind: 'series', id: 'b', seq: 1 }] as const
        await store.following.put({ serverName: ORIGIN, record: bytesOf('new') })
        await append(store, [{ put: series('a') }, { omit: withheld[0] }], {
          head: bytesOf('head'),
          following: { from: bytesOf('new'), to: bytesOf('at 2') },
          withheld,
        })
        await store.followers.put(follower(ORIGIN))
        await store.balancers.put(balancer(ORIGIN))
        await store.transactions.remember(transaction, NOW_TS)
        await store.close()

        const reopened = await reopen!(store)
        try {
          assert.deepEqual(await logOf(reopened), [['entry 0', 'series a'], ['entry 1']])
          assert.deepEqual(await reopened.log.head(ORIGIN), bytesOf('head'))
          assert.deepEqual(await reopened.log.nodes(ORIGIN, [{ level: 1, index: 0 }]), [nodeBytes(1, 0)])
          assert.deepEqual(await reopened.log.withheld(ORIGIN, 10), withheld)
          assert.deepEqual(await reopened.following.list(), [{ serverName: ORIGIN, record: bytesOf('at 2') }])
          assert.deepEqual(await reopened.followers.get(ORIGIN), follower(ORIGIN))
          assert.deepEqual(await reopened.balancers.get(ORIGIN), balancer(ORIGIN))
          const another = { ...transaction, digest: new Uint8Array(32).fill(2) }
          assert.deepEqual(await reopened.transactions.remember(another, NOW_TS), transaction.digest)
          assert.equal((await append(reopened, [{ put: series('b') }])).size, 3)
        } finally {
          await reopened.close()
        }
      },
    },
    {
      name: 'database: a commit is in the database when it is told of, and nothing older is left',
      skip: rawObject === undefined ? 'no `rawObject` was given to look into the database' : undefined,
      run: async (store) => {
        const raw = (id: string): Promise<Uint8Array | undefined> => rawObject!(store, ORIGIN, 'series', id)
        assert.equal(await raw('a'), undefined)
        await commit(store, [series('a'), series('b')])
        assertSameBytes(await raw('a'), bytesOf('series a'))
        await commit(store, [series('b', { revision: 2, bytes: bytesOf('changed') })], [{ kind: 'series', id: 'a' }])
        assert.equal(await raw('a'), undefined)
        assertSameBytes(await raw('b'), bytesOf('changed'))
      },
    },
  ]
}

/** Drivers return Buffers where stores return plain arrays. */
function assertSameBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  assert.deepEqual(actual && Uint8Array.from(actual), expected)
}
