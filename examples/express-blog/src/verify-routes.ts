import express, { Router } from 'express'
import {
  adminAccess,
  MAX_VERIFY_BYTES,
  verifyForm,
  verifyPasted,
  type Settings,
  type SiteFacts,
} from 'manga-federation-example-shared'
import { sendPage } from './send-page.ts'

/** Where the blogger asks whether something is what its origin signed. */
export function verifyRoutes({ settings, site }: { settings: Settings; site: SiteFacts }): Router {
  const checkAccess = adminAccess(settings)
  const router = Router()
  router.use((request, _response, next) => {
    checkAccess(request)
    next()
  })
  router.use(express.urlencoded({ extended: false, limit: MAX_VERIFY_BYTES }))

  router.get('/', (_request, response) => sendPage(response, site, verifyForm()))
  router.post('/', async (request, response) => {
    sendPage(response, site, await verifyPasted(response.locals.mangaFederation, request.body))
  })
  return router
}
