import { Router } from '@koa/router'
import {
  mangaPages,
  readStylesheet,
  STYLESHEET_HEADERS,
  type SiteFacts,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import { sendPage } from './send-page.ts'

/** What every visitor sees: the list of series, a series with its chapters, and what the site publishes. */
export async function publicRoutes(library: SiteLibrary, site: SiteFacts): Promise<Router> {
  const pages = mangaPages(library, site)
  const stylesheet = await readStylesheet()
  const router = new Router()

  router.get('/', (ctx) => sendPage(ctx, site, pages.seriesList(ctx.query)))
  router.get('/series/:id', (ctx) => sendPage(ctx, site, pages.series(ctx.params.id ?? '', ctx.query)))
  router.get('/about', (ctx) => sendPage(ctx, site, pages.about()))
  router.get('/site.css', (ctx) => {
    ctx.set(STYLESHEET_HEADERS)
    ctx.body = stylesheet
  })
  return router
}
