import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { SiteLibrary } from 'manga-federation-example-shared'
import { aboutPage } from './pages/about-page.ts'
import type { SiteFacts } from './pages/layout.ts'
import { seriesListPage } from './pages/series-list-page.ts'
import { seriesPage } from './pages/series-page.ts'
import { LIST_QUERY_SCHEMA, pagePlace, type ListQuery } from './paging.ts'
import { SiteError } from './site-error.ts'

const SERIES_PER_PAGE = 48
/** How many chapters a page lists. */
export const CHAPTERS_PER_PAGE = 100

/** What every visitor sees: the list of series, a series with its chapters, and what the site publishes. */
export async function publicRoutes(
  app: FastifyInstance,
  { library, site }: { library: SiteLibrary; site: SiteFacts },
): Promise<void> {
  const stylesheet = await readFile(new URL('site.css', import.meta.url))

  app.get<{ Querystring: ListQuery }>('/', { schema: { querystring: LIST_QUERY_SCHEMA } }, async (request, reply) => {
    const search = request.query.q.trim()
    const total = library.countSeries(search)
    const place = pagePlace(request.query.page, total, SERIES_PER_PAGE)
    const content = seriesListPage({ series: library.listSeries(search, place.slice), total, search, place })
    return reply.page({ title: search ? `Search: ${search}` : 'All series', content })
  })

  app.get<{ Params: { id: string }; Querystring: ListQuery }>(
    '/series/:id',
    { schema: { querystring: LIST_QUERY_SCHEMA } },
    async (request, reply) => {
      const series = library.findSeries(request.params.id)
      if (!series) throw new SiteError(404, 'This site has no such series.')
      const total = library.countChapters(series.id)
      const place = pagePlace(request.query.page, total, CHAPTERS_PER_PAGE)
      const chapters = library.listChapters(series.id, place.slice)
      return reply.page({ title: series.title, content: seriesPage({ series, chapters, total, place, site }) })
    },
  )

  app.get('/about', async (_request, reply) => {
    return reply.page({ title: 'About this site', content: aboutPage(site) })
  })

  app.get('/site.css', async (_request, reply) => {
    return reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=300').send(stylesheet)
  })
}
