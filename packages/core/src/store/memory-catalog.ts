import { compareCodePoints } from '../code-point-order.ts'
import type { CatalogQuery, CatalogState, KnownVersion, ObjectKind, StoredObject } from './catalog-store.ts'
import type { StoredEntry, WithheldBody } from './log-store.ts'

/** The catalog of one origin, with its log. */
export interface Catalog {
  state: CatalogState
  readonly series: Shelf
  readonly chapter: Shelf
  readonly entries: StoredEntry[]
  head: Uint8Array | undefined
  /** By `objectKey`, in the order of `seq`. */
  readonly withheld: Map<string, WithheldBody>
}

export function emptyCatalog(): Catalog {
  return {
    state: { size: 0, changedTs: 0 },
    series: new Shelf(),
    chapter: new Shelf(),
    entries: [],
    head: undefined,
    withheld: new Map(),
  }
}

/** What tells the objects of a catalog apart. */
export function objectKey({ kind, id }: { readonly kind: ObjectKind; readonly id: string }): string {
  return `${kind} ${id}`
}

/** The objects of one kind from one origin. */
export class Shelf {
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

  /** Without the objects that republish another server's. */
  ownIds(): string[] {
    return this.orderedIds().filter((id) => this.#objects.get(id)?.mirrorOf === undefined)
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
export function indexAfter(ids: readonly string[], id: string): number {
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
