import formBody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import {
  adminAccess,
  decideOnVolunteer,
  mangaAdmin,
  MAX_FORM_BYTES,
  volunteers,
  VOLUNTEERS_PATH,
  type Fields,
  type Settings,
  type SiteLibrary,
} from 'manga-federation-example-shared'

/** What the site's editors see: a form that adds a chapter to a series, and buttons that remove one; and who volunteers. */
export async function adminRoutes(
  app: FastifyInstance,
  { library, settings }: { library: SiteLibrary; settings: Settings },
): Promise<void> {
  const admin = mangaAdmin(library, settings.serverName)
  const checkAccess = adminAccess(settings)
  await app.register(formBody, { bodyLimit: MAX_FORM_BYTES })
  app.addHook('onRequest', async (request) => checkAccess(request.raw))

  app.get<{ Params: { id: string }; Querystring: Fields }>('/series/:id', async (request, reply) => {
    return reply.page(admin.manage(request.params.id, request.query))
  })

  app.post<{ Params: { id: string }; Body: Fields | undefined }>('/series/:id/chapters', async (request, reply) => {
    const outcome = admin.addChapter(request.params.id, request.body)
    if ('content' in outcome) return reply.page(outcome)

    await app.mangaFederation.catalog.changed({ chapters: [outcome.chapterId] })
    return reply.redirect(outcome.location, 303)
  })

  app.post<{ Params: { id: string } }>('/chapters/:id/delete', async (request, reply) => {
    const { chapterId, location } = admin.removeChapter(request.params.id)
    await app.mangaFederation.catalog.changed({ chapters: [chapterId] })
    return reply.redirect(location, 303)
  })

  app.get('/volunteers', async (_request, reply) => reply.page(await volunteers(app.mangaFederation)))

  app.post<{ Body: Fields | undefined }>('/volunteers', async (request, reply) => {
    await decideOnVolunteer(app.mangaFederation, request.body)
    return reply.redirect(VOLUNTEERS_PATH, 303)
  })
}
