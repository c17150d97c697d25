import { repositorySuite } from '@manga-federation/testing'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { FastifyInstance } from 'fastify'
import type { Settings } from 'manga-federation-example-shared'
import { credentials, openSite } from 'manga-federation-example-shared/test-site'
import { Pool } from 'pg'
import t, { type Test } from 'tap'
import { missing, TestServer } from '../../../packages/postgres/src/test-server.ts'
import { catalogWithDrizzle } from './catalog-with-drizzle.ts'
import { catalogWithPg } from './catalog-with-pg.ts'
import * as tables from './drizzle-tables.ts'
import { createSite } from './site.ts'
import { siteDatabase } from './test-database.ts'

/** Counted past the repositories. */
const SHOWN = `
  SELECT (SELECT count(*) FROM manga WHERE deleted_at IS NULL)::integer AS series,
         (SELECT count(*) FROM chapters WHERE deleted_at IS NULL
            AND manga_id IN (SELECT manga_id FROM manga WHERE deleted_at IS NULL))::integer AS chapters`

t.test('a site with a database of its own', { skip: missing }, async (t) => {
  const server = await TestServer.start(t)

  await t.test('both repositories, over thousands of rows', async (t) => {
    const database = await siteDatabase(server, 'large', 'large')
    const pool = new Pool({ connectionString: database })
    t.teardown(() => pool.end())
    const withPg = catalogWithPg(pool)
    const withDrizzle = catalogWithDrizzle(drizzle(pool, { schema: tables }))

    const [counts] = (await server.run(SHOWN, 'large')) as [{ series: number; chapters: number }]

    for (const [name, repository] of Object.entries({ pg: withPg, Drizzle: withDrizzle })) {
      await t.test(`the repository with ${name} passes the suite`, async (t) => {
        repositorySuite({ test: (name, run) => t.test(name, run), repository, gone: GONE, counts })
      })
    }

    await t.test('both list the same records', async (t) => {
      for (const method of ['listSeries', 'listChapters'] as const) {
        let cursor: string | undefined
        do {
          const request = { limit: 1000, ...(cursor !== undefined && { cursor }) }
          const page = await withPg[method](request)
          t.strictSame(await withDrizzle[method](request), page)
          cursor = page.next
        } while (cursor !== undefined)
      }
    })
  })

  await t.test('a row becomes a record', async (t) => {
    const pool = new Pool({ connectionString: await siteDatabase(server, 'rows', 'small') })
    t.teardown(() => pool.end())
    const repository = catalogWithPg(pool)
    t.strictSame(await repository.getSeries('1'), {
      id: '1',
      metadata: {
        en: { ...TOWER_OF_GOD, title: 'Tower of God', 'alternative-titles': ['Kami no Tou'] },
        ko: { ...TOWER_OF_GOD, title: '신의 탑', 'alternative-titles': [] },
      },
    })
    t.strictSame(await repository.getChapter('4'), {
      id: '4',
      seriesId: '2',
      metadata: {
        en: {
          language: 'en',
          published_at: '2026-01-15T11:30:00.000Z',
          chapter: '1',
          groups: [{ name: 'Night Shift' }],
          pages: 60,
        },
      },
    })
    t.match(await repository.getChapter('9'), { metadata: { en: { chapter: '10.25' } } })
    t.match(await repository.getChapter('10'), { metadata: { en: { title: 'One-shot', chapter: undefined } } })
  })

  await t.test('the site publishes what it shows, and what it deletes disappears', async (t) => {
    const site = await startedSite(t, await siteDatabase(server, 'site', 'small'))
    t.strictSame(await site.titles(), ['Berserk', 'Monster', 'Ping Pong', 'Tower of God'])
    t.strictSame(await site.publishedSeries(), ['1', '2', '3', '5'])
    t.strictSame(await site.publishedChapters('1'), ['1', '1.5', '2'])

    t.equal(await site.edit('POST', '/admin/manga/1/chapters', { chapter_no: 2.5, lang: 'en' }), 201)
    t.strictSame(await site.publishedChapters('1'), ['1', '1.5', '2', '2.5'])

    t.equal(await site.edit('DELETE', '/admin/chapters/2'), 204)
    t.strictSame(await site.publishedChapters('1'), ['1', '2', '2.5'])

    t.equal(await site.edit('DELETE', '/admin/manga/1'), 204)
    t.strictSame(await site.titles(), ['Berserk', 'Monster', 'Ping Pong'])
    t.strictSame(await site.publishedSeries(), ['2', '3', '5'])
    t.strictSame(await site.publishedChapters('1'), [], 'its chapters went with it')

    t.equal(await site.edit('POST', '/admin/manga/1/restore'), 204)
    t.strictSame(await site.publishedSeries(), ['1', '2', '3', '5'])
    t.strictSame(await site.publishedChapters('1'), ['1', '2', '2.5'], 'and came back with it')
  })

  await t.test('only editors write, and only what fits the tables', async (t) => {
    const site = await startedSite(t, await siteDatabase(server, 'editors', 'small'))
    t.equal(await site.edit('DELETE', '/admin/manga/1', undefined, 'stranger:guessed'), 401)
    t.equal(await site.edit('POST', '/admin/manga/4/chapters', { lang: 'en' }), 404, 'it is deleted')
    for (const id of ['0', 'seven', '2147483648']) t.equal(await site.edit('DELETE', `/admin/manga/${id}`), 400, id)
    t.equal(await site.edit('POST', '/admin/manga/1/chapters', { chapter_no: 1e9, lang: 'en' }), 400)
  })
})

/** Of schema.sql: deleted ones, and chapters of a deleted manga. */
const GONE = { series: ['4'], chapters: ['5', '7', '8'] }

/** What both languages of `TOWER_OF_GOD` share. */
const TOWER_OF_GOD = { original_language: 'ko', authors: ['SIU'], status: 'ongoing' }

/** A site as its visitors, its editors and other servers see it. */
interface StartedSite {
  /** What its own page lists. */
  titles(): Promise<string[]>
  publishedSeries(): Promise<string[]>
  /** By their numbers. */
  publishedChapters(seriesId: string): Promise<string[]>
  /** Sends what an editor does. @returns the status of the answer. */
  edit(method: 'POST' | 'DELETE', url: string, payload?: object, who?: string): Promise<number>
}

async function startedSite(t: Test, databaseUrl: string): Promise<StartedSite> {
  let app!: FastifyInstance
  const create = async (settings: Settings) => (app = await createSite(settings, databaseUrl))
  await openSite(t, create, { adminPassword: 'secret' })
  // The first pass began at the start; this waits for it.
  t.match(await app.mangaFederation.catalog.reconcile(), { outcome: 'complete', problems: [] })

  async function listedAt<Item>(url: string): Promise<Item[]> {
    const response = await app.inject(url)
    t.equal(response.statusCode, 200)
    return response.json()
  }
  return {
    titles: async () => (await listedAt<{ title: string }>('/')).map(({ title }) => title),
    publishedSeries: async () => (await listedAt<{ id: string }>('/v1/manga/series')).map(({ id }) => id),
    async publishedChapters(seriesId) {
      const chapters = await listedAt<PublishedChapter>(`/v1/manga/chapters?series_id=${seriesId}`)
      return chapters.map(({ metadata }) => metadata.en.chapter).sort()
    },
    async edit(method, url, payload, who = 'editor:secret') {
      const headers = credentials(who)
      return (await app.inject({ method, url, headers, ...(payload && { payload }) })).statusCode
    },
  }
}

interface PublishedChapter {
  metadata: { en: { chapter: string } }
}
