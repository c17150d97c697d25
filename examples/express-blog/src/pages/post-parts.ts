import { chapterName, counted, html, languageName, type Html } from 'manga-federation-example-shared'
import type { Post } from '../blog.ts'

/** What a post is called: "One Piece, Vol. 1, Ch. 2". */
export function headline({ series, chapter }: Post): string {
  const name = `${series.title}, ${chapterName(chapter)}`
  return chapter.title === null ? name : `${name}: ${chapter.title}`
}

/** Where a post is on the blog. */
export function postPath({ chapter }: Pick<Post, 'chapter'>): string {
  return `/posts/${chapter.id}`
}

/** The sentence that every post has, whether or not something was written about the chapter. */
export function announcement({ chapter }: Post): string {
  const { language, pages, release_group } = chapter
  const length = pages === null ? '' : `, ${counted(pages, 'page', 'pages')}`
  const group = release_group === null ? '' : `, released by ${release_group}`
  return `A chapter in ${languageName(language)}${length}${group}.`
}

/** What was written about the chapter: an empty line begins a new paragraph. */
export function paragraphs(text: string): Html[] {
  return text
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((paragraph) => html`<p>${paragraph}</p>`)
}

/** When the chapter came out. */
export function released({ chapter }: Post): Html {
  const { published_at } = chapter
  return html`<time datetime="${published_at}">${published_at.slice(0, 10)}</time>`
}
