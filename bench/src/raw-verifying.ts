import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { decodeBase64, type JsonObject, signedBytes } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'

/** A signature and what was signed. */
export interface RawSignature {
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** What a thread verifies. */
export interface RawShare {
  readonly publicKey: Uint8Array
  readonly signatures: readonly RawSignature[]
}

/** Signatures by one key, with the key. */
export type RawSignatures = RawShare

/** Reads signatures of a server's own catalog out of its store, chapters first. */
export async function readSignatures(databasePath: string, serverName: string, count: number): Promise<RawSignatures> {
  const store = await openSqliteStore({ path: databasePath })
  try {
    const objects: SignedObject[] = []
    let afterId: string | undefined
    while (objects.length < count) {
      const page = await store.catalog.list({ origin: serverName, kind: 'chapter', afterId, limit: 1000 })
      objects.push(...page.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()) as SignedObject))
      afterId = page.at(-1)!.id
    }
    const [keyId, publicKey] = Object.entries(objects[0]!.signing_keys)[0]!
    const signatures = objects.map((object) => ({
      message: signedBytes(object),
      signature: decodeBase64(object.signatures[keyId]!, 64),
    }))
    return { publicKey: decodeBase64(publicKey, 32), signatures }
  } finally {
    await store.close()
  }
}

interface SignedObject extends JsonObject {
  readonly signing_keys: Record<string, string>
  readonly signatures: Record<string, string>
}

/** All cores, with nothing to do but to verify. */
export interface RawVerifying {
  /** How many of the signatures they verify in a second just now, by nothing but `crypto.verify`. */
  rate(): Promise<number>
  close(): Promise<void>
}

/** Starts a thread for each core. They are warm when it returns: each has verified its share once. */
export async function startRawVerifying({ publicKey, signatures }: RawSignatures): Promise<RawVerifying> {
  const cores = availableParallelism()
  const threads = Array.from({ length: cores }, (_, core) => {
    const share = signatures.filter((_signature, index) => index % cores === core)
    const workerData: RawShare = { publicKey, signatures: share }
    return new Worker(new URL('./raw-verifying-thread.ts', import.meta.url), { workerData })
  })
  await Promise.all(threads.map((thread) => once(thread, 'message')))
  return {
    async rate() {
      const done = Promise.all(threads.map((thread) => once(thread, 'message')))
      const start = performance.now()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      for (const thread of threads) thread.postMessage('again')
      await done
      return (1000 * signatures.length) / (performance.now() - start)
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.terminate()))
    },
  }
}
