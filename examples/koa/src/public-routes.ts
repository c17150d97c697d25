import { Router } from '@koa/router'
import {
  mangaPages,
  type MirroredPages,
  readStylesheet,
  STYLESHEET_HEADERS,
  type SiteFacts,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import { sendPage } from './send-page.ts'

/** What every visitor sees: the list of series, a series with its chapters, and what the site publishes. */
export async function publicRoutes(library: SiteLibrary, mirrored: MirroredPages, site: SiteFacts): Promise<Router> {
  const pages = mangaPages(library, mirrored, site)
  const stylesheet = await readStylesheet()
  const router = new Router()

  router.get('/', async (ctx) => sendPage(ctx, site, await pages.seriesList(ctx.query)))
  router.get('/series/:id', (ctx) => sendPage(ctx, site, pages.series(ctx.params.id ?? '', ctx.query)))
  router.get('/mirrored', async (ctx) => sendPage(ctx, site, await mirrored.list(ctx.query)))
  router.get('/mirrored/series', async (ctx) => sendPage(ctx, site, await mirrored.series(ctx.query)))
  router.get('/about', (ctx) => sendPage(ctx, site, pages.about()))
  router.get('/site.css', (ctx) => {
    ctx.set(STYLESHEET_HEADERS)
    ctx.body = stylesheet
  })
  return router
}
