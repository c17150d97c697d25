import type { FastifyInstance } from 'fastify'
import {
  mangaPages,
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
  const pages = mangaPages(library, site)
  const stylesheet = await readStylesheet()

  app.get<{ Querystring: Fields }>('/', async (request, reply) => reply.page(pages.seriesList(request.query)))
  app.get<{ Params: { id: string }; Querystring: Fields }>('/series/:id', async (request, reply) => {
    return reply.page(pages.series(request.params.id, request.query))
  })
  app.get('/about', async (_request, reply) => reply.page(pages.about()))
  app.get('/site.css', async (_request, reply) => reply.headers(STYLESHEET_HEADERS).send(stylesheet))
}
