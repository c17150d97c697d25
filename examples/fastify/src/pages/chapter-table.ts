import { html, type ChapterRow, type Html } from 'manga-federation-example-shared'
import { languageName } from './words.ts'

/** What a chapter is called on the site's pages: "Vol. 3, Ch. 10.5", or "One-shot". */
export function chapterName({ number, volume }: ChapterRow): string {
  if (number === null) return volume === null ? 'One-shot' : `Vol. ${volume}`
  return volume === null ? `Ch. ${number}` : `Vol. ${volume}, Ch. ${number}`
}

/**
 * Chapters in reading order.
 *
 * @param action what stands at the end of each row, such as a button.
 */
export function chapterTable(chapters: readonly ChapterRow[], action?: (chapter: ChapterRow) => Html): Html {
  if (chapters.length === 0) return html`<p class="message">There are no chapters yet.</p>`
  return html`<table class="chapters">
    <thead>
      <tr>
        <th>Chapter</th>
        <th>Language</th>
        <th>Group</th>
        <th>Released</th>
        ${action && html`<th></th>`}
      </tr>
    </thead>
    <tbody>
      ${chapters.map((chapter) => chapterRow(chapter, action))}
    </tbody>
  </table>`
}

function chapterRow(chapter: ChapterRow, action: ((chapter: ChapterRow) => Html) | undefined): Html {
  const { title, language, release_group, published_at } = chapter
  return html` <tr id="chapter-${chapter.id}">
    <th scope="row">${chapterName(chapter)}${title && html` <span class="chapter-title">${title}</span>`}</th>
    <td>${languageName(language)}</td>
    <td>${release_group}</td>
    <td><time datetime="${published_at}">${published_at.slice(0, 10)}</time></td>
    ${action && html`<td class="action">${action(chapter)}</td>`}
  </tr>`
}
