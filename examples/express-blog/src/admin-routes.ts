import express, { Router } from 'express'
import {
  adminAccess,
  chapterIdOf,
  decideOnVolunteer,
  existingSeries,
  pagePlace,
  readListQuery,
  SiteError,
  volunteers,
  VOLUNTEERS_PATH,
  type Fields,
  type Settings,
  type SiteFacts,
  type SiteLibrary,
  type SitePage,
} from 'manga-federation-example-shared'
import type { Blog, Post } from './blog.ts'
import { writePage, type WriteState } from './pages/write-page.ts'
import { emptyPostForm, MAX_POST_BYTES, postOf, readPostForm } from './post-form.ts'
import { sendPage } from './send-page.ts'

const POSTS_PER_PAGE = 20
/** How many titles the form proposes; a longer list would make the page slow. */
const PROPOSED_TITLES = 200

/** What the blogger sees: a form that writes a post, and buttons that delete one; and who volunteers. */
export function adminRoutes({
  library,
  blog,
  settings,
  site,
}: {
  library: SiteLibrary
  blog: Blog
  settings: Settings
  site: SiteFacts
}): Router {
  const checkAccess = adminAccess(settings)
  const router = Router()
  router.use((request, _response, next) => {
    checkAccess(request)
    next()
  })
  router.use(express.urlencoded({ extended: false, limit: MAX_POST_BYTES }))

  router.get('/', (request, response) => {
    const { series } = request.query
    const form = emptyPostForm(typeof series === 'string' ? existingSeries(library, series) : undefined)
    const { page, added = '' } = readListQuery(request.query)
    sendPage(response, site, formPage(page, { form, problems: {}, added: findPost(added) }))
  })

  router.post('/posts', async (request, response) => {
    const body: Fields | undefined = request.body
    const form = readPostForm(body)
    const outcome = postOf(form, library, blog, new Date())
    if ('problems' in outcome) {
      return sendPage(response, site, { ...formPage(1, { form, problems: outcome.problems }), status: 422 })
    }

    const change = blog.publish(outcome.post)
    await response.locals.mangaFederation.catalog.changed(change)
    response.redirect(303, `/admin?added=${change.chapters[0]}`)
  })

  router.post('/posts/:id/delete', async (request, response) => {
    const post = findPost(request.params.id)
    if (!post) throw new SiteError(404, 'This blog has no such post (any more).')

    await response.locals.mangaFederation.catalog.changed(blog.remove(post))
    response.redirect(303, '/admin')
  })

  router.get('/volunteers', async (_request, response) => {
    sendPage(response, site, await volunteers(response.locals.mangaFederation))
  })

  router.post('/volunteers', async (request, response) => {
    await decideOnVolunteer(response.locals.mangaFederation, request.body)
    response.redirect(303, VOLUNTEERS_PATH)
  })
  return router

  function findPost(text: string): Post | undefined {
    return blog.findPost(chapterIdOf(text) ?? 0)
  }

  function formPage(page: number, state: WriteState): SitePage {
    const place = pagePlace(page, blog.countPosts(), POSTS_PER_PAGE)
    const titles = library.listSeries('', { offset: 0, limit: PROPOSED_TITLES }).map(({ title }) => title)
    const posts = blog.listPosts(place.slice)
    return {
      title: 'Write a post',
      content: writePage({ state, titles, posts, place, serverName: settings.serverName }),
    }
  }
}
