import { cover, html, type Html } from 'manga-federation-example-shared'
import type { Post } from '../blog.ts'
import { announcement, headline, paragraphs, released } from './post-parts.ts'

/** A post in full. */
export function postPage(post: Post): Html {
  return html`<article class="post full">
    ${cover(post.series)}
    <div>
      <h1>${headline(post)}</h1>
      <p class="facts">${released(post)}</p>
      <p>${announcement(post)}</p>
      ${paragraphs(post.text)}
      <p><a href="/series/${encodeURIComponent(post.series.id)}">All chapters of ${post.series.title}</a></p>
    </div>
  </article>`
}
