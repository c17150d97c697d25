import type { FastifyInstance } from 'fastify'
import {
  mangaPages,
  mirroredPages,
  readStylesheet,
  STYLESHEET_HEADERS,
  type Fields,
  type SiteFacts,
  type SiteLibrary,
} from 'manga-federation-example-shared'

/** What every visitor sees: the list of series, a series with its chapters, and what the site publishes. */
export async function publicRoutes(
  app: FastifyInstance,
  { library, site }: { library: SiteLibrary; site: SiteFacts },
): Promise<void> {
  const mirrored = mirroredPages(app.mangaFederation.catalog)
  const pages = mangaPages(library, mirrored, site)
  const stylesheet = await readStylesheet()

  app.get<{ Querystring: Fields }>('/', async (request, reply) => {
    return reply.page(await pages.seriesList(request.query))
  })
  app.get<{ Params: { id: string }; Querystring: Fields }>('/series/:id', async (request, reply) => {
    return reply.page(pages.series(request.params.id, request.query))
  })
  app.get<{ Querystring: Fields }>('/mirrored', async (request, reply) => {
    return reply.page(await mirrored.list(request.query))
  })
  app.get<{ Querystring: Fields }>('/mirrored/series', async (request, reply) => {
    return reply.page(await mirrored.series(request.query))
  })
  app.get('/about', async (_request, reply) => reply.page(pages.about()))
  app.get('/site.css', async (_request, reply) => reply.headers(STYLESHEET_HEADERS).send(stylesheet))
}
