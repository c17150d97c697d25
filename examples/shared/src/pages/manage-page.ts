import { html, type Html } from '../html.ts'
import type { ChapterRow, SeriesRow } from '../site-database.ts'
import type { ChapterForm, FormProblems } from '../chapter-form.ts'
import type { PagePlace } from '../paging.ts'
import { chapterFields } from './chapter-fields.ts'
import { chapterName, chapterTable } from './chapter-table.ts'
import { pager } from './pager.ts'
import { counted } from './words.ts'

/** How far the form that adds a chapter has come. */
export interface FormState {
  form: ChapterForm
  problems: FormProblems
  /** The chapter that was just added. */
  added?: ChapterRow | undefined
}

/** Where the chapters of a series are added and removed. */
export function managePage(shown: {
  series: SeriesRow
  chapters: readonly ChapterRow[]
  total: number
  place: PagePlace
  state: FormState
  serverName: string
}): Html {
  const { series, chapters, total, place, state, serverName } = shown
  const id = encodeURIComponent(series.id)
  return html`<p><a href="/series/${id}">← ${series.title}</a></p>
    ${state.added?.series_id === series.id ? addedNotice(state.added, `${serverName}/manga/chapters?series_id=${id}`) : undefined}
    <section>
      <h1>Add a chapter</h1>
      <form class="chapter-form" method="post" action="/admin/series/${id}/chapters">
        ${chapterFields(state.form, state.problems)}
        <button>Add chapter</button>
      </form>
    </section>
    <section>
      <div class="list-head"><h2>${counted(total, 'chapter', 'chapters')}</h2></div>
      ${chapterTable(chapters, { action: deleteButton })} ${pager(place)}
    </section>`
}

function addedNotice(chapter: ChapterRow, federationUrl: string): Html {
  return html`<p class="notice" role="status">
    <strong>${chapterName(chapter)} was added,</strong> and the federation has it:
    <a href="${federationUrl}">see what other servers get</a>.
  </p>`
}

function deleteButton(chapter: ChapterRow): Html {
  return html`<form method="post" action="/admin/chapters/${chapter.id}/delete">
    <button class="quiet" aria-label="Delete ${chapterName(chapter)}">Delete</button>
  </form>`
}
