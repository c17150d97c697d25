import { html, type ChapterRow, type Html, type SeriesRow } from 'manga-federation-example-shared'
import type { ChapterForm, FormProblems } from '../chapter-form.ts'
import type { PagePlace } from '../paging.ts'
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
        ${field(state, 'number', 'Number', 'Such as 10 or 10.5; empty for a one-shot')}
        ${field(state, 'volume', 'Volume', 'May stay empty')} ${field(state, 'title', 'Title', 'May stay empty')}
        ${field(state, 'language', 'Language', 'Such as en, fr or pt-BR')}
        ${field(state, 'group', 'Group', 'Who made this release; may stay empty')}
        <button>Add chapter</button>
      </form>
    </section>
    <section>
      <div class="list-head"><h2>${counted(total, 'chapter', 'chapters')}</h2></div>
      ${chapterTable(chapters, deleteButton)} ${pager(place)}
    </section>`
}

function addedNotice(chapter: ChapterRow, federationUrl: string): Html {
  return html`<p class="notice" role="status">
    <strong>${chapterName(chapter)} was added,</strong> and the federation has it:
    <a href="${federationUrl}">see what other servers get</a>.
  </p>`
}

function field({ form, problems }: FormState, name: keyof ChapterForm, label: string, hint: string): Html {
  const problem = problems[name]
  return html`<label${problem && html` class="wrong"`}>
<span>${label}</span>
<input name="${name}" value="${form[name]}" aria-describedby="${name}-hint"${problem && html` aria-invalid="true"`}>
<small id="${name}-hint">${problem ?? hint}</small>
</label>`
}

function deleteButton(chapter: ChapterRow): Html {
  return html`<form method="post" action="/admin/chapters/${chapter.id}/delete">
    <button class="quiet" aria-label="Delete ${chapterName(chapter)}">Delete</button>
  </form>`
}
