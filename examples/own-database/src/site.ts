import { mangaFederation } from '@manga-federation/fastify'
import { openPostgresStore } from '@manga-federation/postgres'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Settings } from 'manga-federation-example-shared'
import { Pool } from 'pg'
import { adminRoutes } from './admin-routes.ts'
import { catalogWithPg } from './catalog-with-pg.ts'
import { publicRoutes } from './public-routes.ts'

/** The whole site: its database, its routes, and the federation, which keeps what it needs in the same database. */
export async function createSite(settings: Settings, databaseUrl: string): Promise<FastifyInstance> {
  const app = Fastify({ logger: { level: 'warn', stream: process.stderr } })

  const pool = new Pool({ connectionString: databaseUrl })
  pool.on('error', (error) => app.log.warn(error, 'a connection to the database broke; the next request takes another'))
  app.addHook('onClose', () => pool.end())

  await app.register(mangaFederation, {
    serverName: settings.serverName,
    catalog: catalogWithPg(pool), // with Drizzle: catalogWithDrizzle(drizzle(pool, { schema: tables }))
    store: () => openPostgresStore({ pool }), // in a schema of its own, manga_federation
    allowInsecure: settings.allowInsecure,
  })

  await app.register(publicRoutes, { pool })
  await app.register(adminRoutes, { prefix: '/admin', pool, settings })
  return app
}
