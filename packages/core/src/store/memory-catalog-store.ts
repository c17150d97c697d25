import { sameBytes } from '../bytes.ts'
import type { Atomically } from './atomically.ts'
import type { CatalogCommit, CatalogStore, KnownVersion, ObjectKind, StoredObject } from './catalog-store.ts'
import { type Catalog, emptyCatalog, indexAfter, objectKey } from './memory-catalog.ts'
import type { LogCommit } from './log-store.ts'

/** The ids that one pass saw, by kind. */
type Marks = Record<ObjectKind, Set<string>>

/** What a commit changes: the catalogs by origin, and the records of the followed ones by server name. */
export interface CommittedMaps {
  readonly catalogs: Map<string, Catalog>
  readonly following: Map<string, Uint8Array>
}

export function memoryCatalogStore(atomically: Atomically, { catalogs, following }: CommittedMaps): CatalogStore {
  const passes = new Map<string, Marks>()
  const catalogOf = (origin: string): Catalog => catalogs.get(origin) ?? emptyCatalog()
  const marksOf = (pass: string): Marks => passes.get(pass) ?? { series: new Set(), chapter: new Set() }
  const unmarked = (pass: string, origin: string, kind: ObjectKind): string[] => {
    const marks = marksOf(pass)[kind]
    const shelf = catalogOf(origin)[kind]
    return shelf.ownIds().filter((id) => !marks.has(id))
  }

  return {
    state: (origin) => atomically(() => ({ ...catalogOf(origin).state })),

    versions: (origin, kind, ids) =>
      atomically(() => {
        const shelf = catalogOf(origin)[kind]
        const known = new Map<string, KnownVersion>()
        for (const id of ids) {
          const version = shelf.version(id)
          if (version !== undefined) known.set(id, version)
        }
        return known
      }),

    get: (origin, kind, id) =>
      atomically(() => {
        const object = catalogOf(origin)[kind].get(id)
        return object && Uint8Array.from(object.bytes)
      }),

    list: (query) =>
      atomically(() => {
        const page = catalogOf(query.origin)[query.kind].list(query)
        return page.map(({ id, bytes }) => ({ id, bytes: Uint8Array.from(bytes) }))
      }),

    count: (origin, kind) => atomically(() => catalogOf(origin)[kind].size),

    commit: (origin, given) =>
      atomically(() => {
        const catalog = catalogOf(origin)
        if (catalog.state.size !== given.expectedSize) return undefined
        if (given.following !== undefined && !isRecord(following.get(origin), given.following.from)) return undefined
        const copies = given.puts.map(copyOf)
        const log = given.log && copyOfLog(given.log)
        if (given.following !== undefined) following.set(origin, Uint8Array.from(given.following.to))
        changeObjects(catalog, copies, given.deletes)
        if (log !== undefined) extendLog(catalog, log)
        const changes = log?.entries.length ?? copies.length + given.deletes.length
        if (changes > 0) catalog.state = { size: given.expectedSize + changes, changedTs: given.changedTs }
        catalogs.set(origin, catalog)
        return { ...catalog.state }
      }),

    forget: (origin) =>
      atomically(() => {
        catalogs.delete(origin)
      }),

    mark: (pass, kind, ids) =>
      atomically(() => {
        const marks = marksOf(pass)
        passes.set(pass, marks)
        const isRepeat = (id: string): boolean => marks[kind].size === marks[kind].add(id).size
        return ids.filter(isRepeat)
      }),

    countUnmarked: (pass, origin, kind) => atomically(() => unmarked(pass, origin, kind).length),

    listUnmarked: (pass, origin, kind, { afterId, limit }) =>
      atomically(() => {
        const ids = unmarked(pass, origin, kind)
        const start = afterId === undefined ? 0 : indexAfter(ids, afterId)
        return ids.slice(start, start + limit)
      }),

    endPass: (pass) =>
      atomically(() => {
        passes.delete(pass)
      }),
  }
}

function changeObjects(catalog: Catalog, puts: readonly StoredObject[], deletes: CatalogCommit['deletes']): void {
  for (const object of [...deletes, ...puts]) catalog.withheld.delete(objectKey(object))
  for (const { kind, id } of deletes) catalog[kind].delete(id)
  for (const object of puts) catalog[object.kind].put(object)
}

function extendLog(catalog: Catalog, { entries, head, withheld }: LogCommit): void {
  catalog.entries.push(...entries)
  catalog.head = head ?? catalog.head
  for (const body of withheld) {
    catalog.withheld.delete(objectKey(body))
    catalog.withheld.set(objectKey(body), body)
  }
}

function copyOf(object: StoredObject): StoredObject {
  return { ...object, contentHash: Uint8Array.from(object.contentHash), bytes: Uint8Array.from(object.bytes) }
}

function copyOfLog({ entries, head, withheld }: LogCommit): LogCommit {
  return {
    entries: entries.map((entry) => ({
      ...entry,
      bytes: Uint8Array.from(entry.bytes),
      nodes: Uint8Array.from(entry.nodes),
    })),
    head: head && Uint8Array.from(head),
    withheld: withheld.map((body) => ({ ...body })),
  }
}

function isRecord(record: Uint8Array | undefined, expected: Uint8Array): boolean {
  return record !== undefined && sameBytes(record, expected)
}
