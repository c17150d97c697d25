import { decodeCursor, encodeCursor, isLocaleTag, normalizeForSearch } from '../catalog/index.ts'
import { FederationError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json/index.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import { parseStored } from './stored-object.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 500

/** Stands between the two parts of a cursor; no server name contains it. */
const SEPARATOR = ' '

/** Which mirrored objects a page of the site wants. All conditions hold together. */
export interface MirroredQuery {
  readonly kind: ObjectKind
  /** Only those of this server. Default: of all that are followed. */
  readonly origin?: string | undefined
  /** Only chapters of this series; its server must be given as `origin`. */
  readonly seriesId?: string | undefined
  /** How many, 1 to 500. Default: 100. */
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly cursor?: string | undefined
  /** Only objects in this language: `pt` finds `pt-BR` too. */
  readonly locale?: string | undefined
  /** Only objects with this text in a title. */
  readonly q?: string | undefined
}

/** An object as its server signed it, verified when it came. */
export interface MirroredObject {
  readonly id: string
  /** The server that signed it. */
  readonly server: string
  /** On chapters. */
  readonly series_id?: string
  /** By language. What a field holds is up to the other server: look at it before it is used, and escape it in HTML. */
  readonly metadata: Readonly<Record<string, JsonObject>>
  readonly [field: string]: JsonValue | undefined
}

/** A mirrored object, and where it is from. */
export interface MirroredItem {
  /** The server that it is mirrored from. */
  readonly origin: string
  readonly kind: ObjectKind
  /** Unique among the objects of its kind from its server. */
  readonly id: string
  readonly object: MirroredObject
}

/** A page of mirrored objects. */
export interface MirroredPage {
  readonly items: readonly MirroredItem[]
  /** The cursor of the next page; missing on the last one. */
  readonly next?: string
}

/** A server whose catalog is mirrored, and how much of it is here. */
export interface MirroredOrigin {
  readonly serverName: string
  readonly series: number
  readonly chapters: number
}

/** Reads what is mirrored, for the site's own pages. */
export interface MirroredCatalog {
  /**
   * A page of mirrored objects, server by server, by id.
   *
   * @throws FederationError `invalid_limit`, `invalid_cursor`, `invalid_parameter`.
   */
  mirrored(query: MirroredQuery): Promise<MirroredPage>
  /** One mirrored object; undefined when there is none (any more). */
  mirroredObject(origin: string, kind: ObjectKind, id: string): Promise<MirroredItem | undefined>
  /** The servers that are followed, by name. */
  mirroredOrigins(): Promise<readonly MirroredOrigin[]>
}

/** What is needed to read. */
export interface MirroredCatalogParts {
  readonly catalog: Pick<CatalogStore, 'list' | 'get' | 'count'>
  /** The names of all servers that are followed. */
  readonly origins: () => Promise<readonly string[]>
}

/** Where a page begins: behind an object of a server. */
interface Place {
  readonly origin: string
  readonly afterId: string
}

/** Builds the reader. */
export function createMirroredCatalog({ catalog, origins }: MirroredCatalogParts): MirroredCatalog {
  async function originsFrom(first: string | undefined): Promise<readonly string[]> {
    const all = [...(await origins())].sort()
    return first === undefined ? all : all.filter((origin) => origin >= first)
  }

  return {
    async mirrored(query) {
      const { kind, origin, seriesId } = query
      if (seriesId !== undefined && origin === undefined) {
        throw new FederationError('invalid_parameter', 'Give origin with seriesId: ids are unique at one server only.')
      }
      const filters = { kind, seriesId, locale: localeOf(query.locale), search: searchOf(query.q) }
      const limit = limitOf(query.limit)
      const start = query.cursor === undefined ? undefined : placeOf(query.cursor)
      const items: MirroredItem[] = []
      for (const from of origin === undefined ? await originsFrom(start?.origin) : [origin]) {
        const afterId = from === start?.origin ? start.afterId : undefined
        // One more than asked tells whether a next page exists.
        const objects = await catalog.list({ ...filters, origin: from, afterId, limit: limit - items.length + 1 })
        items.push(...objects.map(({ id, bytes }) => itemOf(from, kind, id, bytes)))
        if (items.length > limit) return { items: items.slice(0, limit), next: cursorAt(items[limit - 1]!) }
      }
      return { items }
    },
    async mirroredObject(origin, kind, id) {
      const bytes = await catalog.get(origin, kind, id)
      return bytes && itemOf(origin, kind, id, bytes)
    },
    async mirroredOrigins() {
      const counted = (await originsFrom(undefined)).map(async (serverName) => ({
        serverName,
        series: await catalog.count(serverName, 'series'),
        chapters: await catalog.count(serverName, 'chapter'),
      }))
      return Promise.all(counted)
    },
  }
}

function itemOf(origin: string, kind: ObjectKind, id: string, bytes: Uint8Array): MirroredItem {
  // What the following room lets in has these fields.
  return { origin, kind, id, object: parseStored(bytes) as unknown as MirroredObject }
}

function limitOf(limit: number = DEFAULT_LIMIT): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new FederationError('invalid_limit', `limit is a whole number from 1 to ${MAX_LIMIT}.`)
}

function localeOf(locale: string | undefined): string | undefined {
  if (locale === undefined || isLocaleTag(locale)) return locale?.toLowerCase()
  throw new FederationError('invalid_parameter', 'locale is a language tag such as en or pt-BR.')
}

function searchOf(text: string | undefined): string | undefined {
  return text ? normalizeForSearch(text) : undefined
}

function cursorAt({ origin, id }: MirroredItem): string {
  return encodeCursor(origin + SEPARATOR + id)
}

function placeOf(cursor: string): Place {
  const text = decodeCursor(cursor)
  const end = text.indexOf(SEPARATOR)
  return { origin: text.slice(0, end), afterId: text.slice(end + 1) }
}
