import { FederationError } from '../errors.ts'
import type { Atomically } from './atomically.ts'
import type { LoggedEntry, LogStore, StoredEntry } from './log-store.ts'
import type { Catalog } from './memory-catalog.ts'

/** The length of SHA-256. */
const HASH_BYTES = 32

export function memoryLogStore(atomically: Atomically, catalogs: ReadonlyMap<string, Catalog>): LogStore {
  return {
    head: (origin) => atomically(() => copyOf(catalogs.get(origin)?.head)),

    replaceHead: (origin, size, head) =>
      atomically(() => {
        const catalog = catalogs.get(origin)
        if (catalog?.state.size !== size) return false
        catalog.head = Uint8Array.from(head)
        return true
      }),

    page: (origin, { since, limit, maxBytes }) =>
      atomically(() => {
        const catalog = catalogs.get(origin)
        const entries: LoggedEntry[] = []
        let bytes = 0
        for (let seq = since; entries.length < limit; seq++) {
          const entry = catalog?.entries[seq]
          if (entry === undefined) break
          const body = bodyOf(catalog!, entry, seq)
          bytes += entry.bytes.length + (body?.length ?? 0)
          if (bytes > maxBytes && entries.length > 0) break
          entries.push({ bytes: Uint8Array.from(entry.bytes), body: copyOf(body) })
        }
        return { head: copyOf(catalog?.head), entries }
      }),

    nodes: (origin, positions) =>
      atomically(() =>
        positions.map(({ level, index }) => {
          const completedBy = catalogs.get(origin)?.entries[(index + 1) * 2 ** level - 1]
          const hash = completedBy?.nodes.slice(level * HASH_BYTES, (level + 1) * HASH_BYTES)
          if (hash?.length === HASH_BYTES) return hash
          throw new FederationError('store_damaged', `The log of ${origin} lacks node ${index} of level ${level}.`)
        }),
      ),

    withheld: (origin, limit) =>
      atomically(() => {
        const bodies = [...(catalogs.get(origin)?.withheld.values() ?? [])]
        return bodies.slice(0, limit).map((body) => ({ ...body }))
      }),
  }
}

/** The body of an entry while it is that of the current object. */
function bodyOf(catalog: Catalog, { kind, id }: StoredEntry, seq: number): Uint8Array | undefined {
  const object = catalog[kind].get(id)
  return object?.seq === seq ? object.bytes : undefined
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && Uint8Array.from(bytes)
}
