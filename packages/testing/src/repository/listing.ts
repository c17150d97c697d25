import assert from 'node:assert/strict'
import type { CatalogRepository, ChapterRecord, Page, PageRequest, SeriesRecord } from '@manga-federation/core'
import { checkPage } from './page-form.ts'
import { settled } from './settled.ts'

/** How much is looked at, and how long one call may take. */
export interface Limits {
  readonly sampleSize: number
  readonly timeLimitMs: number
}

export type CatalogRecord = SeriesRecord | ChapterRecord

/** What the site knows of one of its listings, past its repository. */
export interface Expected {
  /** Ids that the site no longer shows. */
  readonly gone: readonly string[] | undefined
  /** How many records the site shows. */
  readonly count: number | undefined
}

/** One of the two listings of a repository with its look-up, called with a time limit and checked for form. */
export interface Listing {
  readonly kind: 'series' | 'chapter'
  readonly listMethod: 'listSeries' | 'listChapters'
  readonly getMethod: 'getSeries' | 'getChapter'
  readonly sampleSize: number
  readonly expected: Expected
  /** One page whose form is right. */
  page(request: PageRequest): Promise<Page<CatalogRecord>>
  get(id: string): Promise<CatalogRecord | undefined>
}

export function seriesListing(repository: CatalogRepository, limits: Limits, expected: Expected): Listing {
  const names = { kind: 'series', listMethod: 'listSeries', getMethod: 'getSeries' } as const
  return listingOf(repository, limits, { ...names, expected })
}

export function chapterListing(repository: CatalogRepository, limits: Limits, expected: Expected): Listing {
  const names = { kind: 'chapter', listMethod: 'listChapters', getMethod: 'getChapter' } as const
  return listingOf(repository, limits, { ...names, expected })
}

function listingOf(
  repository: CatalogRepository,
  { sampleSize, timeLimitMs }: Limits,
  which: Pick<Listing, 'kind' | 'listMethod' | 'getMethod' | 'expected'>,
): Listing {
  const { listMethod, getMethod } = which
  return {
    ...which,
    sampleSize,
    async page(request) {
      const call = describeCall(listMethod, request)
      const page = await settled<Page<CatalogRecord>>(call, timeLimitMs, () => repository[listMethod](request))
      checkPage(call, page, request)
      return page
    },
    get: (id) =>
      settled<CatalogRecord | undefined>(describeCall(getMethod, id), timeLimitMs, () => repository[getMethod](id)),
  }
}

export function describeCall(method: string, argument: unknown): string {
  return `${method}(${JSON.stringify(argument)})`
}

/** A page may be empty and have a `next` (everything on it was filtered out), but not for ever. */
const MAX_EMPTY_PAGES = 100

/**
 * The pages of a listing from its beginning.
 *
 * @param most - as many items, and what else is on the last page. Default is the size of the sample.
 */
export async function* pagesOf(
  listing: Listing,
  limit: number,
  most: number = listing.sampleSize,
): AsyncGenerator<readonly CatalogRecord[], void, undefined> {
  const cursors = new Set<string>()
  let seen = 0
  let emptyPages = 0
  let firstId: string | undefined
  let cursor: string | undefined
  while (seen < most) {
    const page = await listing.page(cursor === undefined ? { limit } : { cursor, limit })
    yield page.items
    const id = page.items[0]?.id
    assert.ok(
      id === undefined || id !== firstId,
      `${listing.listMethod} never ends: it began again with ${JSON.stringify(id)}. Start each page after the cursor.`,
    )
    firstId ??= id
    seen += page.items.length
    if (page.next === undefined) return
    emptyPages = page.items.length === 0 ? emptyPages + 1 : 0
    assert.ok(
      emptyPages <= MAX_EMPTY_PAGES,
      `${listing.listMethod} never ends: it returned ${emptyPages} empty pages in a row, each with a \`next\`. ` +
        'Leave `next` out when nothing follows.',
    )
    assert.ok(
      !cursors.has(page.next),
      `${listing.listMethod} never ends: it returned the cursor ${JSON.stringify(page.next)} as \`next\` twice in one pass. ` +
        'Start each page after the cursor that you are given, and leave `next` out on the last page.',
    )
    cursors.add(page.next)
    cursor = page.next
  }
}

/** The items of these pages. */
export async function* itemsOf(
  listing: Listing,
  limit: number,
  most?: number,
): AsyncGenerator<CatalogRecord, void, undefined> {
  for await (const items of pagesOf(listing, limit, most)) yield* items
}
