import { readFile } from 'node:fs/promises'
import { Router } from 'express'
import {
  about,
  chapterIdOf,
  CHAPTERS_PER_PAGE,
  chapterTable,
  existingSeries,
  html,
  type MirroredPages,
  pagePlace,
  readListQuery,
  readStylesheet,
  seriesList,
  seriesPage,
  SiteError,
  STYLESHEET_HEADERS,
  type SiteFacts,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import type { Blog } from './blog.ts'
import { atomFeed } from './feed.ts'
import { postListPage } from './pages/post-list-page.ts'
import { postPage } from './pages/post-page.ts'
import { headline, postPath } from './pages/post-parts.ts'
import { sendPage } from './send-page.ts'

const POSTS_PER_PAGE = 10
const POSTS_IN_FEED = 20

/** What every visitor sees: posts, series with their chapters, a feed, and what the blog publishes. */
export async function publicRoutes({
  library,
  blog,
  mirrored,
  site,
}: {
  library: SiteLibrary
  blog: Blog
  mirrored: MirroredPages
  site: SiteFacts
}): Promise<Router> {
  const stylesheet = Buffer.concat([await readStylesheet(), await readFile(new URL('blog.css', import.meta.url))])
  const router = Router()

  router.get('/', (request, response) => {
    const place = pagePlace(readListQuery(request.query).page, blog.countPosts(), POSTS_PER_PAGE)
    const posts = blog.listPosts(place.slice)
    const content = postListPage({ posts, place, canWrite: site.canBeManaged })
    sendPage(response, site, { title: 'New chapters', content })
  })

  router.get('/posts/:id', (request, response) => {
    const post = blog.findPost(chapterIdOf(request.params.id) ?? 0)
    if (!post) throw new SiteError(404, 'This blog has no such post.')
    sendPage(response, site, { title: headline(post), content: postPage(post) })
  })

  router.get('/series', async (request, response) => {
    const own = seriesList(library, '/series', request.query)
    const content = html`${own.content} ${await mirrored.section(request.query)}`
    sendPage(response, site, { ...own, content })
  })

  router.get('/series/:id', (request, response) => {
    const series = existingSeries(library, request.params.id)
    const total = library.countChapters(series.id)
    const place = pagePlace(readListQuery(request.query).page, total, CHAPTERS_PER_PAGE)
    const chapters = chapterTable(library.listChapters(series.id, place.slice), {
      linkOf: (chapter) => postPath({ chapter }),
    })
    const write = html`<a class="button" href="/admin?series=${encodeURIComponent(series.id)}">Write a post</a>`
    const content = seriesPage({ series, chapters, total, place, action: site.canBeManaged ? write : undefined })
    sendPage(response, site, { title: series.title, content })
  })

  router.get('/mirrored', async (request, response) => sendPage(response, site, await mirrored.list(request.query)))
  router.get('/mirrored/series', async (request, response) => {
    sendPage(response, site, await mirrored.series(request.query))
  })

  router.get('/about', (_request, response) => sendPage(response, site, about(site)))

  router.get('/feed.xml', (_request, response) => {
    const feed = atomFeed(site, blog.listPosts({ offset: 0, limit: POSTS_IN_FEED }))
    response.set('content-type', 'application/atom+xml; charset=utf-8').send(feed)
  })

  router.get('/site.css', (_request, response) => {
    response.set(STYLESHEET_HEADERS).send(stylesheet)
  })
  return router
}
