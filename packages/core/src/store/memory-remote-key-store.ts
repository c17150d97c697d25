import type { Atomically } from './atomically.ts'
import { mergeRemoteKeys } from './merge-remote-keys.ts'
import type { RemoteKeys, RemoteKeyStore } from './remote-key-store.ts'

/** One server. */
interface Entry {
  readonly keys: RemoteKeys
  readonly lasting: boolean
  readonly usedTs: number
}

export function memoryRemoteKeyStore(atomically: Atomically): RemoteKeyStore {
  const entries = new Map<string, Entry>()

  return {
    load: (serverName) =>
      atomically(() => {
        const entry = entries.get(serverName)
        return entry && copyOf(entry.keys)
      }),

    save: ({ lasting, usedTs, ...told }) =>
      atomically(() => {
        const entry = entries.get(told.serverName)
        const keys = mergeRemoteKeys(entry?.keys, copyOf(told))
        entries.set(told.serverName, {
          keys,
          lasting: lasting || entry?.lasting === true,
          usedTs: Math.max(usedTs, entry?.usedTs ?? usedTs),
        })
        return copyOf(keys)
      }),

    trim: (max) =>
      atomically(() => {
        const passing = [...entries].filter(([, { lasting }]) => !lasting)
        const latestFirst = passing.sort(([, a], [, b]) => b.usedTs - a.usedTs)
        for (const [serverName] of latestFirst.slice(max)) entries.delete(serverName)
      }),
  }
}

function copyOf({ serverName, document, bindings }: RemoteKeys): RemoteKeys {
  return {
    serverName,
    document: document && { ...document, bytes: Uint8Array.from(document.bytes) },
    bindings: bindings.map((binding) => ({
      ...binding,
      publicKey: Uint8Array.from(binding.publicKey),
      toldBy: [...binding.toldBy],
    })),
  }
}
