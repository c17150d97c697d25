import formBody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  chapterIdOf,
  type ChapterRow,
  type SeriesRow,
  type Settings,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import { adminAccess } from './admin-access.ts'
import { chapterOf, EMPTY_FORM, problemsOf, readChapterForm, type FormBody } from './chapter-form.ts'
import { managePage, type FormState } from './pages/manage-page.ts'
import { LIST_QUERY_SCHEMA, pagePlace, type ListQuery } from './paging.ts'
import { CHAPTERS_PER_PAGE } from './public-routes.ts'
import { SiteError } from './site-error.ts'

/** The form has five short fields. */
const MAX_FORM_BYTES = 16 * 1024

/** What the site's editors see: a form that adds a chapter to a series, and buttons that remove one. */
export async function adminRoutes(
  app: FastifyInstance,
  { library, settings }: { library: SiteLibrary; settings: Settings },
): Promise<void> {
  await app.register(formBody, { bodyLimit: MAX_FORM_BYTES })
  app.addHook('onRequest', adminAccess(settings))

  app.get<{ Params: { id: string }; Querystring: ListQuery }>(
    '/series/:id',
    { schema: { querystring: LIST_QUERY_SCHEMA } },
    async (request, reply) => {
      const { page, added } = request.query
      const series = existingSeries(request.params.id)
      return sendManagePage(reply, series, page, { form: EMPTY_FORM, problems: {}, added: findChapter(added ?? '') })
    },
  )

  app.post<{ Params: { id: string }; Body: FormBody | undefined }>('/series/:id/chapters', async (request, reply) => {
    const series = existingSeries(request.params.id)
    const form = readChapterForm(request.body)
    const problems = problemsOf(form, series)
    if (Object.keys(problems).length > 0) return sendManagePage(reply.code(422), series, 1, { form, problems })

    const id = library.addChapter(chapterOf(form, series.id, new Date()), series.numbering)
    await app.mangaFederation.catalog.changed({ chapters: [String(id)] })
    return reply.redirect(`/admin/series/${encodeURIComponent(series.id)}?added=${id}`, 303)
  })

  app.post<{ Params: { id: string } }>('/chapters/:id/delete', async (request, reply) => {
    const chapter = findChapter(request.params.id)
    if (!chapter) throw new SiteError(404, 'This site has no such chapter (any more).')

    library.removeChapter(chapter.id)
    await app.mangaFederation.catalog.changed({ chapters: [String(chapter.id)] })
    return reply.redirect(`/admin/series/${encodeURIComponent(chapter.series_id)}`, 303)
  })

  function findChapter(text: string): ChapterRow | undefined {
    const id = chapterIdOf(text)
    return id === undefined ? undefined : library.findChapter(id)
  }

  function existingSeries(id: string): SeriesRow {
    const series = library.findSeries(id)
    if (!series) throw new SiteError(404, 'This site has no such series.')
    return series
  }

  function sendManagePage(reply: FastifyReply, series: SeriesRow, page: number, state: FormState): FastifyReply {
    const total = library.countChapters(series.id)
    const place = pagePlace(page, total, CHAPTERS_PER_PAGE)
    const chapters = library.listChapters(series.id, place.slice)
    const content = managePage({ series, chapters, total, place, state, serverName: settings.serverName })
    return reply.page({ status: reply.statusCode, title: `Manage ${series.title}`, content })
  }
}
