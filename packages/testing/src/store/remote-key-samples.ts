import type { KeyBinding, RemoteKeys, RemoteKeyStore, Store, StoredKeyDocument } from '@manga-federation/core'
import { NOW_TS, OTHER_ORIGIN, bytesOf } from './samples.ts'

export const WITNESSES: readonly string[] = ['https://w1.example.net/v1', 'https://w2.example.com/v1']

type Saved = Parameters<RemoteKeyStore['save']>[0]

/** A binding that the server itself told, with plausible values where a case does not care. */
export function binding(keyId: string, differing: Partial<KeyBinding> = {}): KeyBinding {
  return {
    keyId,
    publicKey: publicKeyOf(1),
    source: 'origin',
    toldBy: [OTHER_ORIGIN],
    firstSeenTs: NOW_TS,
    validUntilTs: NOW_TS + 100,
    expiredTs: undefined,
    ...differing,
  }
}

/** A binding that witnesses told. */
export function witnessed(keyId: string, differing: Partial<KeyBinding> = {}): KeyBinding {
  return binding(keyId, { source: 'witness', toldBy: WITNESSES, ...differing })
}

export function publicKeyOf(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill)
}

export function keyDocument(text: string, differing: Partial<StoredKeyDocument> = {}): StoredKeyDocument {
  return { bytes: bytesOf(text), validUntilTs: NOW_TS + 100, fetchedTs: NOW_TS, ...differing }
}

/** Saves something of a server, lasting unless the case says otherwise. */
export async function save(store: Store, told: Partial<Saved>): Promise<RemoteKeys> {
  const nothing = { serverName: OTHER_ORIGIN, document: undefined, bindings: [], lasting: true, usedTs: NOW_TS }
  return inKeyOrder(await store.remoteKeys.save({ ...nothing, ...told }))
}

/** What is remembered of a server. */
export async function remembered(store: Store, serverName: string = OTHER_ORIGIN): Promise<RemoteKeys | undefined> {
  const keys = await store.remoteKeys.load(serverName)
  return keys && inKeyOrder(keys)
}

/** Stores may return bindings in any order. */
function inKeyOrder(keys: RemoteKeys): RemoteKeys {
  return { ...keys, bindings: keys.bindings.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1)) }
}
