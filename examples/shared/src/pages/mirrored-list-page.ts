import { html, type Html } from '../html.ts'
import { titleCover } from './cover.ts'
import { searchForm } from './search-form.ts'

/** A series of another site. */
export interface MirroredSeries {
  id: string
  /** The server name of the site that it is from. */
  origin: string
  title: string
  language: string
  authors: string[]
  status: string | undefined
  description: string | undefined
}

/** A page of series that are mirrored. */
export function mirroredListPage(shown: { series: readonly MirroredSeries[]; search: string; next?: string }): Html {
  const { series, search, next } = shown
  return html`<div class="list-head">
      <h1>${search ? `From other sites: “${search}”` : 'From other sites'}</h1>
      ${searchForm('/mirrored', search)}
    </div>
    ${series.length === 0 ? html`<p class="message">Nothing is mirrored here that fits.</p>` : shelf(series)}
    ${next && html`<nav class="pager"><a rel="next" href="/mirrored?${queryOf({ q: search, after: next })}">Next</a></nav>`}`
}

/** What the front page shows of other sites, below what is the site's own. */
export function mirroredSection(series: readonly MirroredSeries[], hasMore: boolean): Html {
  return html`<section class="mirrored">
    <div class="list-head">
      <h2>From other sites</h2>
      ${hasMore ? html`<a class="button" href="/mirrored">Show all</a>` : undefined}
    </div>
    ${shelf(series)}
  </section>`
}

/** Where a site shows a mirrored series. */
export function mirroredSeriesPath({ origin, id }: Pick<MirroredSeries, 'origin' | 'id'>, after?: string): string {
  return `/mirrored/series?${queryOf({ origin, id, after })}`
}

/** The site that something is from, as people know it. */
export function hostOf(origin: string): string {
  return new URL(origin).host
}

function shelf(series: readonly MirroredSeries[]): Html {
  return html`<ul class="shelf">
    ${series.map(card)}
  </ul>`
}

function card(series: MirroredSeries): Html {
  const { title, language, authors, status, origin } = series
  return html` <li>
    <a href="${mirroredSeriesPath(series)}">
      ${titleCover(series.id, series)}
      <strong lang="${language}">${title}</strong>
      <span class="facts">${authors.slice(0, 2).join(', ')}</span>
      <span class="facts">${status && `${status} · `}from ${hostOf(origin)}</span>
    </a>
  </li>`
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return new URLSearchParams(given).toString()
}
