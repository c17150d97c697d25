import formBody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import {
  adminAccess,
  MAX_VERIFY_BYTES,
  verifyForm,
  verifyPasted,
  type Fields,
  type Settings,
} from 'manga-federation-example-shared'

/** Where the site's editors ask whether something is what its origin signed. */
export async function verifyRoutes(app: FastifyInstance, { settings }: { settings: Settings }): Promise<void> {
  const checkAccess = adminAccess(settings)
  await app.register(formBody, { bodyLimit: MAX_VERIFY_BYTES })
  app.addHook('onRequest', async (request) => checkAccess(request.raw))

  app.get('/', async (_request, reply) => reply.page(verifyForm()))
  app.post<{ Body: Fields | undefined }>('/', async (request, reply) => {
    return reply.page(await verifyPasted(app.mangaFederation, request.body))
  })
}
