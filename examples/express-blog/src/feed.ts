import { html, type SiteFacts } from 'manga-federation-example-shared'
import type { Post } from './blog.ts'
import { announcement, headline, paragraphs, postPath } from './pages/post-parts.ts'

/** Of a feed without posts. */
const BEGINNING = '1970-01-01T00:00:00Z'
/** What XML 1.0, section 2.2, has no way to say. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

/** The newest posts as an Atom feed (RFC 4287). */
export function atomFeed({ name, serverName, feed }: SiteFacts, posts: readonly Post[]): string {
  const { origin } = new URL(serverName)
  const entries = posts.map((post) => {
    const url = origin + postPath(post)
    const content = html`<p>${announcement(post)}</p>
      ${paragraphs(post.text)}`
    return html`<entry>
      <id>${url}</id>
      <link href="${url}" />
      <title>${headline(post)}</title>
      <updated>${post.chapter.published_at}</updated>
      <content type="html">${content.text}</content>
    </entry>`
  })
  const document = html`<?xml version="1.0" encoding="utf-8"?>
    <feed xmlns="http://www.w3.org/2005/Atom">
      <id>${origin}/</id>
      <link href="${origin}/" />
      <link rel="self" href="${origin}${feed}" />
      <title>${name}</title>
      <author><name>${name}</name></author>
      <updated>${posts[0]?.chapter.published_at ?? BEGINNING}</updated>
      ${entries}
    </feed>`
  return document.text.replaceAll(NOT_IN_XML, '')
}
