import { html, type Html } from '../html.ts'
import { list, textByKey, type SeriesRow } from '../site-database.ts'
import type { PagePlace } from '../paging.ts'
import { cover, originalTitle } from './cover.ts'
import { pager } from './pager.ts'
import { counted, languageName } from './words.ts'

/**
 * A series with its chapters.
 *
 * @param shown.action a link to what its editors can do.
 */
export function seriesPage(shown: {
  series: SeriesRow
  chapters: Html
  total: number
  place: PagePlace
  action: Html | undefined
}): Html {
  const { series, chapters, total, place, action } = shown
  const original = originalTitle(series)
  return html`<article class="series">
      ${cover(series)}
      <div>
        <h1>${series.title}</h1>
        ${original && html`<p class="original" lang="${original.language}">${original.title}</p>`}
        <dl>${facts(series)}</dl>
      </div>
    </article>
    <section>
      <div class="list-head">
        <h2>${counted(total, 'chapter', 'chapters')}</h2>
        ${action}
      </div>
      ${chapters} ${pager(place)}
    </section>`
}

function facts(series: SeriesRow): Html[] {
  const original = originalTitle(series)
  const furtherTitles = Object.values(textByKey(series.titles))
    .concat(list(series.alternative_titles))
    .filter((title) => title !== series.title && title !== original?.title)
  const shown: [name: string, value: string][] = [
    ['Story', list(series.authors).join(', ')],
    ['Art', list(series.artists).join(', ')],
    ['Status', series.status ?? ''],
    ['Language', series.original_language ? languageName(series.original_language) : ''],
    ['Genres', list(series.genres).join(', ')],
    ['Tags', list(series.tags).join(', ')],
    ['Also known as', furtherTitles.join(' · ')],
  ]
  return shown
    .filter(([, value]) => value !== '')
    .map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )
}
