import { compareCodePoints } from '../code-point-order.ts'
import type { Atomically } from './atomically.ts'
import type {
  CatalogQuery,
  CatalogState,
  CatalogStore,
  KnownVersion,
  ObjectKind,
  StoredObject,
} from './catalog-store.ts'

/** The catalog of one origin. */
interface Catalog {
  state: CatalogState
  readonly series: Shelf
  readonly chapter: Shelf
}

/** The ids that one pass saw, by kind. */
type Marks = Record<ObjectKind, Set<string>>

export function memoryCatalogStore(atomically: Atomically): CatalogStore {
  const catalogs = new Map<string, Catalog>()
  const passes = new Map<string, Marks>()
  const catalogOf = (origin: string): Catalog => catalogs.get(origin) ?? emptyCatalog()
  const marksOf = (pass: string): Marks => passes.get(pass) ?? { series: new Set(), chapter: new Set() }
  const unmarked = (pass: string, origin: string, kind: ObjectKind): string[] => {
    const marks = marksOf(pass)[kind]
    const shelf = catalogOf(origin)[kind]
    return shelf.orderedIds().filter((id) => !marks.has(id))
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

    commit: (origin, { expectedSize, puts, deletes, changedTs }) =>
      atomically(() => {
        const catalog = catalogOf(origin)
        if (catalog.state.size !== expectedSize) return undefined
        const copies = puts.map(copyOf)
        for (const { kind, id } of deletes) catalog[kind].delete(id)
        for (const object of copies) catalog[object.kind].put(object)
        const changes = puts.length + deletes.length
        if (changes > 0) catalog.state = { size: expectedSize + changes, changedTs }
        catalogs.set(origin, catalog)
        return { ...catalog.state }
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

function emptyCatalog(): Catalog {
  return { state: { size: 0, changedTs: 0 }, series: new Shelf(), chapter: new Shelf() }
}

function copyOf(object: StoredObject): StoredObject {
  return { ...object, contentHash: Uint8Array.from(object.contentHash), bytes: Uint8Array.from(object.bytes) }
}

/** The objects of one kind from one origin. */
class Shelf {
  readonly #objects = new Map<string, StoredObject>()
  /** The last revisions of deleted ids. */
  readonly #deleted = new Map<string, number>()
  /** Sorted at the first listing after a change. */
  #orderedIds: string[] | undefined

  get size(): number {
    return this.#objects.size
  }

  get(id: string): StoredObject | undefined {
    return this.#objects.get(id)
  }

  version(id: string): KnownVersion | undefined {
    const object = this.#objects.get(id)
    if (object !== undefined) return { revision: object.revision, contentHash: Uint8Array.from(object.contentHash) }
    const revision = this.#deleted.get(id)
    return revision === undefined ? undefined : { revision, contentHash: undefined }
  }

  put(object: StoredObject): void {
    this.#objects.set(object.id, object)
    this.#orderedIds = undefined
  }

  delete(id: string): void {
    const object = this.#objects.get(id)
    if (object === undefined) return
    this.#deleted.set(id, object.revision)
    this.#objects.delete(id)
    this.#orderedIds = undefined
  }

  orderedIds(): readonly string[] {
    this.#orderedIds ??= [...this.#objects.keys()].sort(compareCodePoints)
    return this.#orderedIds
  }

  list(query: CatalogQuery): StoredObject[] {
    const page: StoredObject[] = []
    const ids = this.orderedIds()
    const start = query.afterId === undefined ? 0 : indexAfter(ids, query.afterId)
    for (let index = start; index < ids.length && page.length < query.limit; index++) {
      const object = this.#objects.get(ids[index]!)
      if (object !== undefined && matches(object, query)) page.push(object)
    }
    return page
  }
}

/** The index of the first of the ordered ids that comes after `id`, by bisection. */
function indexAfter(ids: readonly string[], id: string): number {
  let from = 0
  let to = ids.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (compareCodePoints(ids[middle]!, id) > 0) to = middle
    else from = middle + 1
  }
  return from
}

function matches(object: StoredObject, query: CatalogQuery): boolean {
  return (
    (query.seriesId === undefined || object.seriesId === query.seriesId) &&
    (query.sinceTs === undefined || object.updatedTs >= query.sinceTs) &&
    (query.locale === undefined || hasLocale(object.locales, query.locale)) &&
    (query.search === undefined || object.searchText.includes(query.search))
  )
}

/** Whether `locales` holds the tag itself or a longer one that goes on after a hyphen. */
function hasLocale(locales: string, tag: string): boolean {
  return locales.includes(`|${tag}|`) || locales.includes(`|${tag}-`)
}
