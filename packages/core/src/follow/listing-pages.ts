import type { CatalogQuery, CatalogStore } from '../store/index.ts'

/** Objects that are read at once: about 256 KiB. */
const PAGE_OBJECTS = 256

/** What a catalog has of a listing, in pages by id, each read when it is asked for. */
export async function* catalogPages(
  catalog: Pick<CatalogStore, 'list'>,
  query: Omit<CatalogQuery, 'limit'>,
): AsyncGenerator<readonly { readonly id: string; readonly bytes: Uint8Array }[]> {
  let { afterId } = query
  for (;;) {
    const page = await catalog.list({ ...query, afterId, limit: PAGE_OBJECTS })
    if (page.length > 0) yield page
    if (page.length < PAGE_OBJECTS) return
    afterId = page.at(-1)?.id
  }
}
