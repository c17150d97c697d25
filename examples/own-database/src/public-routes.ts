import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'

const LISTED = `
  SELECT m.manga_id,
         (SELECT t.title FROM manga_titles t WHERE t.manga_id = m.manga_id
          ORDER BY t.is_main DESC, t.lang = 'en' DESC, t.title_id LIMIT 1) AS title,
         (SELECT count(*)::integer FROM chapters c
          WHERE c.manga_id = m.manga_id AND c.deleted_at IS NULL) AS chapters
  FROM manga m
  WHERE m.deleted_at IS NULL
  ORDER BY title
  LIMIT 100`

/** What the site's visitors see. It knows nothing of the federation. */
export async function publicRoutes(app: FastifyInstance, { pool }: { pool: Pool }): Promise<void> {
  app.get('/', async () => (await pool.query(LISTED)).rows)
}
