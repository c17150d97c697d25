import { SiteError } from './site-error.ts'
import type { Slice } from './site-library.ts'

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

/** The query parameters of a site's lists. */
export interface ListQuery {
  /** Counted from 1. */
  page: number
  /** What to search for in titles; empty for everything. */
  search: string
  /** The id of what was just added. */
  added?: string
}

/** A query or a form, as the frameworks give it: a list where a name came twice. */
export type Fields = Readonly<Record<string, unknown>>

const MAX_PAGE = 1_000_000
const MAX_SEARCH_LENGTH = 200

/**
 * Reads `page`, `q` and `added` from a query; what is missing is the first page of everything.
 *
 * @throws SiteError with status 400 for what cannot be understood.
 */
export function readListQuery(query: Fields): ListQuery {
  const { page = '1', q = '', added } = query
  if (typeof page !== 'string' || !/^[1-9]\d{0,6}$/.test(page) || Number(page) > MAX_PAGE) {
    throw new SiteError(400, `page must be a whole number from 1 to ${MAX_PAGE}.`)
  }
  if (typeof q !== 'string' || q.length > MAX_SEARCH_LENGTH) {
    throw new SiteError(400, `q must be one text of at most ${MAX_SEARCH_LENGTH} characters.`)
  }
  return { page: Number(page), search: q.trim(), ...(typeof added === 'string' && { added }) }
}
