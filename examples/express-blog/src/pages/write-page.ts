import {
  chapterFields,
  html,
  pager,
  textArea,
  textField,
  type Html,
  type PagePlace,
} from 'manga-federation-example-shared'
import type { Post } from '../blog.ts'
import type { PostForm, PostProblems } from '../post-form.ts'
import { headline, postPath, released } from './post-parts.ts'

/** How far the form that writes a post has come. */
export interface WriteState {
  form: PostForm
  problems: PostProblems
  /** The post that was just published. */
  added?: Post | undefined
}

/** Where posts are written and deleted. */
export function writePage(shown: {
  state: WriteState
  /** Titles that the form proposes. */
  titles: readonly string[]
  posts: readonly Post[]
  place: PagePlace
  serverName: string
}): Html {
  const { state, titles, posts, place, serverName } = shown
  const { form, problems, added } = state
  return html`${added && addedNotice(added, serverName)}
    <section>
      <h1>Write a post</h1>
      <form class="chapter-form" method="post" action="/admin/posts">
        ${form.seriesId ? chosenSeries(form) : seriesField(form, problems, titles)}
        ${chapterFields(form.chapter, problems)}
        ${textArea({
          name: 'text',
          label: 'What do you want to say about it?',
          hint: 'May stay empty; an empty line begins a new paragraph',
          value: form.text,
          problem: problems.text,
        })}
        <button>Publish</button>
      </form>
    </section>
    <section>
      <h2>Your posts</h2>
      <ul class="post-list">
        ${posts.map(deletable)}
      </ul>
      ${pager(place)}
    </section>`
}

function chosenSeries({ series, seriesId }: PostForm): Html {
  return html`<p class="chosen">
    About <strong>${series}</strong> (<a href="/admin">another series</a>)
    <input type="hidden" name="series" value="${series}" />
    <input type="hidden" name="seriesId" value="${seriesId}" />
  </p>`
}

function seriesField({ series }: PostForm, problems: PostProblems, titles: readonly string[]): Html {
  return html`${textField({
      name: 'series',
      label: 'Series',
      hint: 'Its title; a title that is not here yet begins a new series',
      value: series,
      problem: problems.series,
      list: 'titles',
    })} <datalist id="titles">${titles.map((title) => html`<option value="${title}"></option>`)}</datalist>`
}

function addedNotice(post: Post, serverName: string): Html {
  const federationUrl = `${serverName}/manga/chapters?series_id=${encodeURIComponent(post.series.id)}`
  return html`<p class="notice" role="status">
    <strong><a href="${postPath(post)}">${headline(post)}</a> is published,</strong> and the federation has its chapter:
    <a href="${federationUrl}">see what other servers get</a>.
  </p>`
}

function deletable(post: Post): Html {
  return html`<li>
    <form method="post" action="/admin${postPath(post)}/delete">
      <span><a href="${postPath(post)}">${headline(post)}</a> <small>${released(post)}</small></span>
      <button class="quiet" aria-label="Delete ${headline(post)}">Delete</button>
    </form>
  </li>`
}
