import { bodyParser } from '@koa/bodyparser'
import { Router } from '@koa/router'
import type { Context } from 'koa'
import {
  adminAccess,
  decideOnVolunteer,
  mangaAdmin,
  MAX_FORM_BYTES,
  volunteers,
  VOLUNTEERS_PATH,
  type Fields,
  type Settings,
  type SiteFacts,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import { sendPage } from './send-page.ts'

/** What the site's editors see: a form that adds a chapter to a series, and buttons that remove one; and who volunteers. */
export function adminRoutes({
  library,
  settings,
  site,
}: {
  library: SiteLibrary
  settings: Settings
  site: SiteFacts
}): Router {
  const admin = mangaAdmin(library, settings.serverName)
  const checkAccess = adminAccess(settings)
  const router = new Router({ prefix: '/admin' })

  router.use((ctx, next) => {
    checkAccess(ctx.req)
    return next()
  })
  router.use(bodyParser({ enableTypes: ['form'], formLimit: MAX_FORM_BYTES }))

  router.get('/series/:id', (ctx) => sendPage(ctx, site, admin.manage(ctx.params.id ?? '', ctx.query)))

  router.post('/series/:id/chapters', async (ctx) => {
    const outcome = admin.addChapter(ctx.params.id ?? '', ctx.request.body as Fields | undefined)
    if ('content' in outcome) return sendPage(ctx, site, outcome)

    await ctx.state.mangaFederation.catalog.changed({ chapters: [outcome.chapterId] })
    seeOther(ctx, outcome.location)
  })

  router.post('/chapters/:id/delete', async (ctx) => {
    const { chapterId, location } = admin.removeChapter(ctx.params.id ?? '')
    await ctx.state.mangaFederation.catalog.changed({ chapters: [chapterId] })
    seeOther(ctx, location)
  })

  router.get('/volunteers', async (ctx) => sendPage(ctx, site, await volunteers(ctx.state.mangaFederation)))

  router.post('/volunteers', async (ctx) => {
    await decideOnVolunteer(ctx.state.mangaFederation, ctx.request.body as Fields | undefined)
    seeOther(ctx, VOLUNTEERS_PATH)
  })
  return router
}

/** After a form, so that loading the page again does not send it again. */
function seeOther(ctx: Context, location: string): void {
  ctx.redirect(location)
  ctx.status = 303
}
