import type { FastifyInstance } from 'fastify'
import { adminAccess, type Settings } from 'manga-federation-example-shared'
import type { Pool } from 'pg'

interface NewChapter {
  chapter_no?: number
  chapter_title?: string
  lang: string
}

/** `integer` in PostgreSQL. */
const ROW_ID = { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 }

const WITH_ID = { params: { type: 'object', properties: { id: ROW_ID } } }

const NEW_CHAPTER = {
  ...WITH_ID,
  body: {
    type: 'object',
    required: ['lang'],
    properties: {
      chapter_no: { type: 'number', minimum: 0, maximum: 99_999 },
      chapter_title: { type: 'string', minLength: 1 },
      lang: { type: 'string', minLength: 2 },
    },
  },
}

/** What the site's editors do. After each write, the federation is told which ids to look at again. */
export async function adminRoutes(
  app: FastifyInstance,
  { pool, settings }: { pool: Pool; settings: Settings },
): Promise<void> {
  const { catalog } = app.mangaFederation
  const checkAccess = adminAccess(settings)
  app.addHook('onRequest', async (request) => checkAccess(request.raw))

  app.post<{ Params: { id: number }; Body: NewChapter }>(
    '/manga/:id/chapters',
    { schema: NEW_CHAPTER },
    async (request, reply) => {
      const { chapter_no, chapter_title, lang } = request.body
      const { rows } = await pool.query<{ chapter_id: number }>(
        `INSERT INTO chapters (manga_id, chapter_no, chapter_title, lang)
         SELECT manga_id, $2, $3, $4 FROM manga WHERE manga_id = $1 AND deleted_at IS NULL RETURNING chapter_id`,
        [request.params.id, chapter_no, chapter_title, lang],
      )
      const [added] = rows
      if (!added) return reply.callNotFound()
      await catalog.changed({ chapters: [String(added.chapter_id)] })
      return reply.code(201).send(added)
    },
  )

  app.delete<{ Params: { id: number } }>('/chapters/:id', { schema: WITH_ID }, async (request, reply) => {
    const { id } = request.params
    await pool.query('UPDATE chapters SET deleted_at = now() WHERE chapter_id = $1 AND deleted_at IS NULL', [id])
    await catalog.changed({ chapters: [String(id)] })
    return reply.code(204).send()
  })

  app.delete<{ Params: { id: number } }>('/manga/:id', { schema: WITH_ID }, async (request, reply) => {
    const { id } = request.params
    await pool.query('UPDATE manga SET deleted_at = now() WHERE manga_id = $1 AND deleted_at IS NULL', [id])
    await catalog.changed({ series: [String(id)] }) // its published chapters go with it
    return reply.code(204).send()
  })

  app.post<{ Params: { id: number } }>('/manga/:id/restore', { schema: WITH_ID }, async (request, reply) => {
    const { id } = request.params
    await pool.query('UPDATE manga SET deleted_at = NULL WHERE manga_id = $1', [id])
    const { rows } = await pool.query<{ chapter_id: number }>(
      'SELECT chapter_id FROM chapters WHERE manga_id = $1 AND deleted_at IS NULL',
      [id],
    )
    // What comes back must be named: the federation knows nothing of chapters that it does not publish.
    await catalog.changed({ series: [String(id)], chapters: rows.map((row) => String(row.chapter_id)) })
    return reply.code(204).send()
  })
}
