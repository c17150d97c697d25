import { encodeCanonical, type JsonObject } from '@manga-federation/core'
import type { ReadPage, ReaderCatalog } from '@manga-federation/core/client'

/** A few, so that a listing has several pages. */
const PAGE_OBJECTS = 5

/** All pages of the series, and of the chapters of each. */
export async function readAll(catalog: ReaderCatalog): Promise<ReadPage[]> {
  const series = await pagesOf((cursor) => catalog.series({ limit: PAGE_OBJECTS, ...cursor }))
  const pages = [...series]
  for (const { id } of series.flatMap(({ items }) => items)) {
    pages.push(...(await pagesOf((cursor) => catalog.chapters(id, { limit: PAGE_OBJECTS, ...cursor }))))
  }
  return pages
}

async function pagesOf(read: (cursor: { cursor?: string }) => Promise<ReadPage>): Promise<ReadPage[]> {
  const pages = [await read({})]
  for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next) {
    pages.push(await read({ cursor: next }))
  }
  return pages
}

/** All objects of a catalog in canonical form, by kind and id. */
export function objectsOf(pages: readonly ReadPage[]): Map<string, string> {
  const items = pages.flatMap((page) => page.items)
  return new Map(items.map(({ kind, id, json }) => [`${kind} ${id}`, canonical(json)]))
}

/** An object as it was signed. */
export function canonical(object: JsonObject): string {
  return Buffer.from(encodeCanonical(object)).toString()
}
