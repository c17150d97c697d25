import { html, type Html } from '../html.ts'
import { chapterName, tableOfChapters } from './chapter-table.ts'
import { titleCover } from './cover.ts'
import { hostOf, mirroredSeriesPath, type MirroredSeries } from './mirrored-list-page.ts'
import { languageName } from './words.ts'

/** A chapter of a series of another site. */
export interface MirroredChapter {
  id: string
  /** Where it stands among the chapters of its site. */
  sortId: number
  number: string | null
  volume: string | null
  title: string | undefined
  language: string
  groups: string[]
  publishedAt: string | undefined
}

/** A mirrored series with a page of its chapters. */
export function mirroredSeriesPage(shown: {
  series: MirroredSeries
  chapters: readonly MirroredChapter[]
  next?: string
}): Html {
  const { series, chapters, next } = shown
  const { title, language, authors, status, description, origin } = series
  return html`<article class="series">
      ${titleCover(series.id, series)}
      <div>
        <h1 lang="${language}">${title}</h1>
        <p>Mirrored from <strong>${hostOf(origin)}</strong>, which signed it as <code>${origin}</code>.</p>
        <dl>${facts({ Story: authors.join(', '), Status: status, Description: description })}</dl>
      </div>
    </article>
    <section>
      <div class="list-head"><h2>Chapters</h2></div>
      ${chapters.length === 0 ? html`<p class="message">There are no chapters yet.</p>` : tableOfChapters(chapters.map(row))}
      ${next && html`<nav class="pager"><a rel="next" href="${mirroredSeriesPath(series, next)}">Next</a></nav>`}
    </section>`
}

function facts(shown: Readonly<Record<string, string | undefined>>): Html[] {
  return Object.entries(shown)
    .filter(([, value]) => value)
    .map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )
}

function row(chapter: MirroredChapter): Html {
  const { title, language, groups, publishedAt } = chapter
  return html` <tr>
    <th scope="row">${chapterName(chapter)}${title && html` <span class="chapter-title">${title}</span>`}</th>
    <td>${languageName(language)}</td>
    <td>${groups.join(', ')}</td>
    <td>${publishedAt && html`<time datetime="${publishedAt}">${publishedAt.slice(0, 10)}</time>`}</td>
  </tr>`
}
