import assert from 'node:assert/strict'
import type { KeyBinding, Store, StoredKeyDocument } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { binding, keyDocument, publicKeyOf, remembered, save, witnessed, WITNESSES } from './remote-key-samples.ts'
import { NOW_TS, ORIGIN, OTHER_ORIGIN, bytesOf } from './samples.ts'

const KEY_ID = 'ed25519:a'

/** What a second telling of one key id does to the first. */
const SECOND_TELLINGS: readonly { name: string; first: KeyBinding; second: KeyBinding; bound: KeyBinding }[] = [
  {
    name: 'the same key takes the greater validUntilTs, and keeps when it was first seen',
    first: binding(KEY_ID),
    second: binding(KEY_ID, { validUntilTs: NOW_TS + 101, firstSeenTs: NOW_TS + 7 }),
    bound: binding(KEY_ID, { validUntilTs: NOW_TS + 101 }),
  },
  {
    name: 'the same key never takes a lesser validUntilTs',
    first: binding(KEY_ID),
    second: binding(KEY_ID, { validUntilTs: NOW_TS + 99 }),
    bound: binding(KEY_ID),
  },
  {
    name: 'the same key takes an expiredTs',
    first: binding(KEY_ID),
    second: binding(KEY_ID, { expiredTs: NOW_TS + 50 }),
    bound: binding(KEY_ID, { expiredTs: NOW_TS + 50 }),
  },
  {
    name: 'the same key takes the lesser expiredTs',
    first: binding(KEY_ID, { expiredTs: NOW_TS + 50 }),
    second: binding(KEY_ID, { expiredTs: NOW_TS + 49 }),
    bound: binding(KEY_ID, { expiredTs: NOW_TS + 49 }),
  },
  {
    name: 'the same key never takes a greater expiredTs',
    first: binding(KEY_ID, { expiredTs: 0 }),
    second: binding(KEY_ID, { expiredTs: NOW_TS + 51 }),
    bound: binding(KEY_ID, { expiredTs: 0 }),
  },
  {
    name: 'the same key never loses its expiredTs',
    first: binding(KEY_ID, { expiredTs: NOW_TS + 50 }),
    second: binding(KEY_ID),
    bound: binding(KEY_ID, { expiredTs: NOW_TS + 50 }),
  },
  {
    name: 'what witnesses told becomes permanent once the origin tells the same',
    first: witnessed(KEY_ID),
    second: binding(KEY_ID, { firstSeenTs: NOW_TS + 7, validUntilTs: NOW_TS + 101 }),
    bound: binding(KEY_ID, { validUntilTs: NOW_TS + 101 }),
  },
  {
    name: 'what the origin told does not become provisional when witnesses tell the same',
    first: binding(KEY_ID),
    second: witnessed(KEY_ID, { validUntilTs: NOW_TS + 101 }),
    bound: binding(KEY_ID, { validUntilTs: NOW_TS + 101 }),
  },
  {
    name: 'another key from the origin replaces one from the origin never',
    first: binding(KEY_ID),
    second: binding(KEY_ID, { publicKey: publicKeyOf(2), validUntilTs: NOW_TS + 999, expiredTs: NOW_TS }),
    bound: binding(KEY_ID),
  },
  {
    name: 'another key from witnesses replaces one from the origin never',
    first: binding(KEY_ID),
    second: witnessed(KEY_ID, { publicKey: publicKeyOf(2), validUntilTs: NOW_TS + 999, expiredTs: NOW_TS }),
    bound: binding(KEY_ID),
  },
  {
    name: 'another key from witnesses replaces one from witnesses never',
    first: witnessed(KEY_ID),
    second: witnessed(KEY_ID, { publicKey: publicKeyOf(2), toldBy: WITNESSES.slice(1), validUntilTs: NOW_TS + 999 }),
    bound: witnessed(KEY_ID),
  },
  {
    name: 'another key from the origin replaces one from witnesses, with nothing of it left',
    first: witnessed(KEY_ID, { expiredTs: NOW_TS + 50 }),
    second: binding(KEY_ID, { publicKey: publicKeyOf(2), firstSeenTs: NOW_TS + 7, validUntilTs: NOW_TS + 99 }),
    bound: binding(KEY_ID, { publicKey: publicKeyOf(2), firstSeenTs: NOW_TS + 7, validUntilTs: NOW_TS + 99 }),
  },
  {
    name: 'a key that differs in its last bit is another key',
    first: binding(KEY_ID, { publicKey: Uint8Array.from([...publicKeyOf(1).subarray(1), 0]) }),
    second: binding(KEY_ID, { publicKey: Uint8Array.from([...publicKeyOf(1).subarray(1), 1]), expiredTs: NOW_TS }),
    bound: binding(KEY_ID, { publicKey: Uint8Array.from([...publicKeyOf(1).subarray(1), 0]) }),
  },
]

/** What a second document does to the first. */
const SECOND_DOCUMENTS: readonly { name: string; second: StoredKeyDocument | undefined; replaces: boolean }[] = [
  { name: 'one with the greater validUntilTs is current', second: validUntil(NOW_TS + 101), replaces: true },
  { name: 'one with the same validUntilTs is current', second: validUntil(NOW_TS + 100), replaces: true },
  { name: 'one with the lower validUntilTs changes nothing', second: validUntil(NOW_TS + 99), replaces: false },
  { name: 'telling without one changes nothing', second: undefined, replaces: false },
]

export const remoteKeyCases: readonly Case<Store>[] = [
  {
    name: 'remote keys: nothing is known of a server before it is saved',
    run: async (store) => assert.equal(await store.remoteKeys.load(OTHER_ORIGIN), undefined),
  },
  {
    name: 'remote keys: what is saved is returned and loaded, every field as given',
    run: async (store) => {
      const told = {
        serverName: OTHER_ORIGIN,
        document: keyDocument('document', { validUntilTs: Number.MAX_SAFE_INTEGER }),
        bindings: [
          binding('ed25519:A', { expiredTs: 0, validUntilTs: Number.MAX_SAFE_INTEGER }),
          witnessed('ed25519:a', { publicKey: publicKeyOf(2) }),
          binding('ed25519:b', { toldBy: [] }),
        ],
      }
      assert.deepEqual(await save(store, told), told)
      assert.deepEqual(await remembered(store), told)
    },
  },
  {
    name: 'remote keys: servers are apart, and a document without bindings and bindings without a document are fine',
    run: async (store) => {
      await save(store, { serverName: ORIGIN, document: keyDocument('document') })
      await save(store, { bindings: [witnessed(KEY_ID)] })
      const document = keyDocument('document')
      assert.deepEqual(await remembered(store, ORIGIN), { serverName: ORIGIN, document, bindings: [] })
      assert.deepEqual(await remembered(store), {
        serverName: OTHER_ORIGIN,
        document: undefined,
        bindings: [witnessed(KEY_ID)],
      })
    },
  },
  {
    name: 'remote keys: a key that a later telling lacks stays bound',
    run: async (store) => {
      await save(store, { bindings: [binding('ed25519:a')] })
      const { bindings } = await save(store, { bindings: [binding('ed25519:b')] })
      assert.deepEqual(bindings, [binding('ed25519:a'), binding('ed25519:b')])
    },
  },
  ...SECOND_TELLINGS.map(({ name, first, second, bound }) => ({
    name: `binding: ${name}`,
    run: async (store: Store) => {
      const other = binding('ed25519:other')
      await save(store, { bindings: [first, other] })
      assert.deepEqual((await save(store, { bindings: [second] })).bindings, [bound, other])
      assert.deepEqual((await remembered(store))?.bindings, [bound, other])
    },
  })),
  ...SECOND_DOCUMENTS.map(({ name, second, replaces }) => ({
    name: `key document: ${name}`,
    run: async (store: Store) => {
      const first = validUntil(NOW_TS + 100, 'first')
      await save(store, { document: first })
      const current = replaces ? second : first
      assert.deepEqual((await save(store, { document: second })).document, current)
      assert.deepEqual((await remembered(store))?.document, current)
    },
  })),
  {
    name: 'remote keys: a save that fails half way stores nothing',
    run: async (store) => {
      const impossible = binding('ed25519:b', { publicKey: null as unknown as Uint8Array })
      const failing = { document: keyDocument('new'), bindings: [binding('ed25519:a'), impossible] }
      await assert.rejects(save(store, failing), 'save() stored a key that is null')
      assert.equal(await remembered(store), undefined)

      const before = await save(store, { document: keyDocument('old'), bindings: [binding('ed25519:c')] })
      await assert.rejects(save(store, failing))
      assert.deepEqual(await remembered(store), before)
    },
  },
  {
    name: 'remote keys: what the caller does to arrays that it gave or got changes nothing in the store',
    run: async (store) => {
      const told = {
        serverName: OTHER_ORIGIN,
        document: keyDocument('document'),
        bindings: [witnessed(KEY_ID, { toldBy: [...WITNESSES] })],
        lasting: true,
        usedTs: NOW_TS,
      }
      const saved = await store.remoteKeys.save(told)
      for (const keys of [told, saved, await store.remoteKeys.load(OTHER_ORIGIN)].filter(
        (each) => each !== undefined,
      )) {
        keys.document?.bytes.fill(0)
        for (const { publicKey, toldBy } of keys.bindings) {
          publicKey.fill(0)
          ;(toldBy as string[]).length = 0
        }
      }
      const { document, bindings } = (await remembered(store))!
      assert.deepEqual(document?.bytes, bytesOf('document'))
      assert.deepEqual(bindings, [witnessed(KEY_ID)])
    },
  },
]

function validUntil(validUntilTs: number, text = 'second'): StoredKeyDocument {
  return keyDocument(text, { validUntilTs })
}
