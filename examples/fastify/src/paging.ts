import type { Slice } from 'manga-federation-example-shared'

/** One page of a long list. */
export interface PagePlace {
  /** Counted from 1. */
  page: number
  lastPage: number
  slice: Slice
}

/** Where page number `page` of a list of `total` items lies; past the end, it is the last page. */
export function pagePlace(page: number, total: number, pageSize: number): PagePlace {
  const lastPage = Math.max(1, Math.ceil(total / pageSize))
  const shown = Math.min(page, lastPage)
  return { page: shown, lastPage, slice: { offset: (shown - 1) * pageSize, limit: pageSize } }
}

/** The query parameters of the site's lists, as Fastify checks and completes them. */
export const LIST_QUERY_SCHEMA = {
  type: 'object',
  properties: {
    page: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 },
    q: { type: 'string', maxLength: 200, default: '' },
    added: { type: 'string', maxLength: 20 },
  },
} as const

/** What `LIST_QUERY_SCHEMA` lets through. */
export interface ListQuery {
  page: number
  /** What to search for in titles; empty for everything. */
  q: string
  /** The id of the chapter that was just added. */
  added?: string
}
