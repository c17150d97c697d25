import { createReader, memoryOf, type ReaderCatalog, type ReadPage } from '@manga-federation/core/client'

/** What the page tells the test of one look at a catalog. */
export interface Look {
  readonly titles: readonly string[]
  readonly chapters: number
  readonly pages: readonly Pick<ReadPage, 'servedBy' | 'isPrimary' | 'completeness' | 'freshness' | 'problems'>[]
}

const reader = createReader({ memory: memoryOf(localStorage), allowInsecure: true, allowedPorts: 'any' })

/** Reads all series with their chapters, shows them, and tells the test; then the page is loaded once more. */
async function run(): Promise<void> {
  const catalog = await reader.lookup(new URLSearchParams(location.search).get('link') ?? '')
  const look = await lookAt(catalog)
  document.body.textContent = look.titles.join(', ')
  const answer = await fetch('/look', { method: 'POST', body: JSON.stringify(look) })
  const { next } = (await answer.json()) as { next: string | null }
  if (next !== null) location.assign(next)
}

async function lookAt(catalog: ReaderCatalog): Promise<Look> {
  const series = await allPages((cursor) => catalog.series({ limit: 5, ...cursor }))
  const items = series.flatMap((page) => page.items)
  const chapters: ReadPage[] = []
  for (const { id } of items) chapters.push(...(await allPages((cursor) => catalog.chapters(id, cursor))))
  return {
    titles: items.map(
      ({ json }) => Object.values(json['metadata'] as Record<string, { title: string }>)[0]?.title ?? '',
    ),
    chapters: chapters.reduce((sum, page) => sum + page.items.length, 0),
    pages: [...series, ...chapters].map(({ servedBy, isPrimary, completeness, freshness, problems }) => ({
      servedBy,
      isPrimary,
      completeness,
      freshness,
      problems,
    })),
  }
}

async function allPages(read: (cursor: { cursor?: string }) => Promise<ReadPage>): Promise<ReadPage[]> {
  const pages: ReadPage[] = []
  for (let next: string | undefined; ;) {
    const page = await read(next === undefined ? {} : { cursor: next })
    pages.push(page)
    next = page.next
    if (next === undefined) return pages
  }
}

run().catch((error: unknown) => fetch('/look', { method: 'POST', body: JSON.stringify({ failed: String(error) }) }))
