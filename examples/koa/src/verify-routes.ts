import { bodyParser } from '@koa/bodyparser'
import { Router } from '@koa/router'
import {
  adminAccess,
  MAX_VERIFY_BYTES,
  verifyForm,
  verifyPasted,
  type Fields,
  type Settings,
  type SiteFacts,
} from 'manga-federation-example-shared'
import { sendPage } from './send-page.ts'

/** Where the site's editors ask whether something is what its origin signed. */
export function verifyRoutes({ settings, site }: { settings: Settings; site: SiteFacts }): Router {
  const checkAccess = adminAccess(settings)
  const router = new Router({ prefix: '/verify' })

  router.use((ctx, next) => {
    checkAccess(ctx.req)
    return next()
  })
  router.use(bodyParser({ enableTypes: ['form'], formLimit: MAX_VERIFY_BYTES }))

  router.get('/', (ctx) => sendPage(ctx, site, verifyForm()))
  router.post('/', async (ctx) => {
    const page = await verifyPasted(ctx.state.mangaFederation, ctx.request.body as Fields | undefined)
    sendPage(ctx, site, page)
  })
  return router
}
