import { readFileSync } from 'node:fs'
import type { TestServer } from '../../../packages/postgres/src/test-server.ts'

const SCHEMA = readFileSync(new URL('../schema.sql', import.meta.url), 'utf8')

/** 3,000 manga and 7,500 chapters more than the schema's, every tenth manga and every seventh chapter deleted. */
const MANY_ROWS = `
  INSERT INTO manga (author, state, original_lang, deleted_at)
  SELECT CASE WHEN n % 3 > 0 THEN 'Author ' || n % 400 END,
         (ARRAY['running', 'finished', 'paused', 'dropped'])[n % 4 + 1],
         'ja',
         CASE WHEN n % 10 = 0 THEN now() END
  FROM generate_series(1, 3000) n;

  INSERT INTO manga_titles (manga_id, lang, title, is_main)
  SELECT manga_id, lang, lang || ' title of ' || manga_id, lang <> 'en' OR main
  FROM manga, (VALUES ('en', false), ('en', true), ('ja', true)) AS titles (lang, main)
  WHERE manga_id > 5;

  INSERT INTO chapters (manga_id, chapter_no, chapter_title, lang, team, page_count, released_at, deleted_at)
  SELECT 6 + n * 7 % 3000,
         CASE WHEN n % 50 > 0 THEN n % 40 + (n % 4) * 0.25 END,
         CASE WHEN n % 5 = 0 THEN 'Title ' || n END,
         'en',
         CASE WHEN n % 2 = 0 THEN 'Team ' || n % 30 END,
         n % 60,
         timestamptz '2020-01-01 12:00:00.123456+09' + n * interval '7 hours',
         CASE WHEN n % 7 = 0 THEN now() END
  FROM generate_series(1, 7500) n;

  -- PostgreSQL does so by itself, but a minute later.
  ANALYZE;`

/** Makes a database with the site's tables. @returns its URL. */
export async function siteDatabase(server: TestServer, name: string, size: 'small' | 'large'): Promise<string> {
  await server.run(`CREATE DATABASE ${name}`)
  await server.run(SCHEMA, name)
  if (size === 'large') await server.run(MANY_ROWS, name)
  return server.urlFor({ database: name })
}
