import { html, type Html } from '../html.ts'
import type { ChapterRow } from '../site-database.ts'
import { languageName } from './words.ts'

/** What a chapter is called on the site's pages: "Vol. 3, Ch. 10.5", or "One-shot". */
export function chapterName({ number, volume }: Pick<ChapterRow, 'number' | 'volume'>): string {
  if (number === null) return volume === null ? 'One-shot' : `Vol. ${volume}`
  return volume === null ? `Ch. ${number}` : `Vol. ${volume}, Ch. ${number}`
}

/** What a table of chapters has besides the facts. */
export interface ChapterTableParts {
  /** What stands at the end of each row, such as a button. */
  action?: (chapter: ChapterRow) => Html
  /** Where the name of each chapter leads. */
  linkOf?: (chapter: ChapterRow) => string
}

/** Chapters in reading order. */
export function chapterTable(chapters: readonly ChapterRow[], parts: ChapterTableParts = {}): Html {
  if (chapters.length === 0) return html`<p class="message">There are no chapters yet.</p>`
  return tableOfChapters(
    chapters.map((chapter) => chapterRow(chapter, parts)),
    parts.action !== undefined,
  )
}

/** The table around rows of chapters. */
export function tableOfChapters(rows: readonly Html[], hasAction: boolean = false): Html {
  return html`<table class="chapters">
    <thead>
      <tr>
        <th>Chapter</th>
        <th>Language</th>
        <th>Group</th>
        <th>Released</th>
        ${hasAction ? html`<th></th>` : undefined}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}

function chapterRow(chapter: ChapterRow, { action, linkOf }: ChapterTableParts): Html {
  const { title, language, release_group, published_at } = chapter
  const printed = chapterName(chapter)
  const name = linkOf ? html`<a href="${linkOf(chapter)}">${printed}</a>` : printed
  return html` <tr id="chapter-${chapter.id}">
    <th scope="row">${name}${title && html` <span class="chapter-title">${title}</span>`}</th>
    <td>${languageName(language)}</td>
    <td>${release_group}</td>
    <td><time datetime="${published_at}">${published_at.slice(0, 10)}</time></td>
    ${action && html`<td class="action">${action(chapter)}</td>`}
  </tr>`
}
