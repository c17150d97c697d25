import { html, list, type Html, type SeriesListing } from 'manga-federation-example-shared'
import type { PagePlace } from '../paging.ts'
import { cover, originalTitle } from './cover.ts'
import { pager } from './pager.ts'
import { counted } from './words.ts'

/** The front page: all series, or those that a search found. */
export function seriesListPage(shown: {
  series: readonly SeriesListing[]
  total: number
  search: string
  place: PagePlace
}): Html {
  const { series, total, search, place } = shown
  return html`<div class="list-head">
      <h1>
        ${search ? html`${counted(total, 'series', 'series')} for “${search}”` : counted(total, 'series', 'series')}
      </h1>
      <form class="search" action="/" role="search">
        <input
          type="search"
          name="q"
          value="${search}"
          maxlength="200"
          placeholder="Title in any language"
          aria-label="Title"
        />
        <button>Search</button>
      </form>
    </div>
    ${total === 0 ? html`<p class="message">Nothing here has such a title. <a href="/">Show all series</a></p>` : undefined}
    <ul class="shelf">
      ${series.map(card)}
    </ul>
    ${pager(place, search ? { q: search } : {})}`
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
