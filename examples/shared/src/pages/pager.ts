import { html, type Html } from '../html.ts'
import type { PagePlace } from '../paging.ts'

/**
 * Links to the page before and after; nothing for a list of one page.
 *
 * @param query parameters that the links keep, such as the search.
 */
export function pager({ page, lastPage }: PagePlace, query: Record<string, string> = {}): Html | undefined {
  if (lastPage === 1) return undefined
  const link = (target: number): string => `?${new URLSearchParams({ ...query, page: String(target) })}`
  return html`<nav class="pager" aria-label="Pages">
    ${page > 1 ? html`<a rel="prev" href="${link(page - 1)}">← Back</a>` : html`<span></span>`}
    <span>Page ${page} of ${lastPage}</span>
    ${page < lastPage ? html`<a rel="next" href="${link(page + 1)}">Next →</a>` : html`<span></span>`}
  </nav>`
}
