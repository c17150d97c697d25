import { cover, html, pager, type Html, type PagePlace } from 'manga-federation-example-shared'
import type { Post } from '../blog.ts'
import { announcement, headline, paragraphs, postPath, released } from './post-parts.ts'

/**
 * The front page: the newest posts, each with its beginning.
 *
 * @param shown.canWrite whether there is a form that writes one.
 */
export function postListPage(shown: { posts: readonly Post[]; place: PagePlace; canWrite: boolean }): Html {
  const { posts, place, canWrite } = shown
  return html`<div class="list-head posts">
      <h1>New chapters</h1>
      ${canWrite ? html`<a class="button" href="/admin">Write a post</a>` : undefined}
    </div>
    ${posts.length === 0 ? html`<p class="message">There are no posts yet.</p>` : posts.map(entry)} ${pager(place)}`
}

function entry(post: Post): Html {
  const [beginning, ...rest] = paragraphs(post.text)
  return html`<article class="post">
    ${cover(post.series)}
    <div>
      <h2><a href="${postPath(post)}">${headline(post)}</a></h2>
      <p class="facts">${released(post)}</p>
      <p>${announcement(post)}</p>
      ${beginning} ${rest.length > 0 ? html`<p><a href="${postPath(post)}">Read on</a></p>` : undefined}
    </div>
  </article>`
}
