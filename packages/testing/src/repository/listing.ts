import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { CatalogRepository, ChapterRecord, Page, PageRequest, SeriesRecord } from '@manga-federation/core'
import { settled } from './settled.ts'

/** How much is looked at, and how long one call may take. */
export interface Limits {
  readonly sampleSize: number
  readonly timeLimitMs: number
}

export type CatalogRecord = SeriesRecord | ChapterRecord

/** One of the two listings of a repository with its look-up, called with a time limit and checked for form. */
export interface Listing {
  readonly kind: 'series' | 'chapter'
  readonly listMethod: 'listSeries' | 'listChapters'
  readonly getMethod: 'getSeries' | 'getChapter'
  readonly sampleSize: number
  /** One page whose form is right. */
  page(request: PageRequest): Promise<Page<CatalogRecord>>
  get(id: string): Promise<CatalogRecord | undefined>
}

export function seriesListing(repository: CatalogRepository, limits: Limits): Listing {
  return listingOf(repository, limits, { kind: 'series', listMethod: 'listSeries', getMethod: 'getSeries' })
}

export function chapterListing(repository: CatalogRepository, limits: Limits): Listing {
  return listingOf(repository, limits, { kind: 'chapter', listMethod: 'listChapters', getMethod: 'getChapter' })
}

function listingOf(
  repository: CatalogRepository,
  { sampleSize, timeLimitMs }: Limits,
  names: Pick<Listing, 'kind' | 'listMethod' | 'getMethod'>,
): Listing {
  const { listMethod, getMethod } = names
  return {
    ...names,
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

/** The items of a listing from its beginning, page after page, up to the size of the sample. */
export async function* itemsOf(listing: Listing, limit: number): AsyncGenerator<CatalogRecord, void, undefined> {
  const cursors = new Set<string>()
  let seen = 0
  let emptyPages = 0
  let cursor: string | undefined
  while (seen < listing.sampleSize) {
    const page = await listing.page(cursor === undefined ? { limit } : { cursor, limit })
    yield* page.items
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

function checkPage(call: string, page: unknown, { limit }: PageRequest): void {
  assert.ok(isObject(page), `${call} returned ${shown(page)}. Return a page: { items: […], next?: '…' }.`)
  const { items, next } = page
  assert.ok(Array.isArray(items), `${call} returned a page whose \`items\` is ${shown(items)}. Make it an array.`)
  assert.ok(
    items.length <= limit,
    `${call} returned ${items.length} items, more than the limit. Return at most \`limit\` (LIMIT in SQL).`,
  )
  assert.ok(
    next === undefined || (typeof next === 'string' && next !== ''),
    `${call} returned ${shown(next)} as \`next\`. Make it text that is not empty, or leave it out on the last page.`,
  )
  for (const item of items) checkIdentity(call, item)
}

/** What the rest of the suite takes for granted of an item. */
function checkIdentity(call: string, item: unknown): void {
  assert.ok(isObject(item), `${call} returned ${shown(item)} as an item. Return records: { id, metadata, … }.`)
  const { id } = item
  assert.ok(
    typeof id === 'string',
    `${call} returned an item whose \`id\` is ${shown(id)}. Ids are text: make it String(id), and parse it in your look-up.`,
  )
  assert.ok(
    id.length >= 1 && id.length <= MAX_ID_LENGTH,
    `${call} returned an item whose \`id\` has ${id.length} characters. Ids have 1 to ${MAX_ID_LENGTH}.`,
  )
}

/** As `SeriesRecord` and `ChapterRecord` say. */
const MAX_ID_LENGTH = 255

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Longest piece of a value that a message repeats. */
const SHOWN_CHARACTERS = 80

/** A value and its type, short enough for a message. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Date) return 'a Date'
  if (typeof value === 'object') return `a ${value.constructor?.name ?? 'plain'} object`
  return `the ${typeof value} ${inspect(value).slice(0, SHOWN_CHARACTERS)}`
}
