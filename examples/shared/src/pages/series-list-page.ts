import { html, type Html } from '../html.ts'
import { list } from '../site-database.ts'
import type { SeriesListing } from '../site-library.ts'
import type { PagePlace } from '../paging.ts'
import { cover, originalTitle } from './cover.ts'
import { pager } from './pager.ts'
import { searchForm } from './search-form.ts'
import { counted } from './words.ts'

/**
 * All series, or those that a search found.
 *
 * @param shown.path where the site has this list.
 */
export function seriesListPage(shown: {
  path: string
  series: readonly SeriesListing[]
  total: number
  search: string
  place: PagePlace
}): Html {
  const { path, series, total, search, place } = shown
  return html`<div class="list-head">
      <h1>
        ${search ? html`${counted(total, 'series', 'series')} for “${search}”` : counted(total, 'series', 'series')}
      </h1>
      ${searchForm(path, search)}
    </div>
    ${total === 0 ? emptyList(path, search) : undefined}
    <ul class="shelf">
      ${series.map(card)}
    </ul>
    ${pager(place, search ? { q: search } : {})}`
}

function emptyList(path: string, search: string): Html {
  if (!search) return html`<p class="message">There are no series yet.</p>`
  return html`<p class="message">Nothing here has such a title. <a href="${path}">Show all series</a></p>`
}

function card(series: SeriesListing): Html {
  const original = originalTitle(series)
  return html` <li>
    <a href="/series/${encodeURIComponent(series.id)}">
      ${cover(series)}
      <strong>${series.title}</strong>
      ${original && html`<span class="original" lang="${original.language}">${original.title}</span>`}
      <span class="facts">${list(series.authors).slice(0, 2).join(', ')}</span>
      <span class="facts"
        >${counted(series.chapters, 'chapter', 'chapters')}${series.status && ` · ${series.status}`}</span
      >
    </a>
  </li>`
}
