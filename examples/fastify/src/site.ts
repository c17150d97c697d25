import { mangaFederation } from '@manga-federation/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import {
  fillSite,
  joinServers,
  newsLogger,
  openSiteDatabase,
  openStorage,
  siteCatalog,
  siteLibrary,
  type Settings,
} from 'manga-federation-example-shared'
import { sitePages } from './site-pages.ts'

/** An id of 255 characters, each of which may take nine when it is written in a URL. */
const MAX_PARAMETER_LENGTH = 255 * 9

/** The whole site, ready to listen: its database, its pages, and the federation. */
export async function createSite(settings: Settings): Promise<FastifyInstance> {
  const app = Fastify({
    // The log goes to stderr: stdout has the one line that says where the site is.
    logger: { level: 'warn', stream: process.stderr },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
  })

  const database = openSiteDatabase(settings.dataDir)
  app.addHook('onClose', async () => database.close())
  const library = siteLibrary(database)
  await fillSite(database, library, settings.catalogFile, (problem) => app.log.warn(problem))

  const storage = await openStorage(settings)
  app.addHook('onClose', storage.close)
  await app.register(mangaFederation, {
    serverName: settings.serverName,
    catalog: siteCatalog(database),
    witnesses: settings.witnesses,
    loadBalancers: settings.openRegistration ? 'open' : 'approve',
    allowInsecure: settings.allowInsecure,
    // Tests and demonstrations run on ports of their own; a public site asks others on 443 and 80 only.
    allowedPorts: settings.allowInsecure ? 'any' : [],
    ...storage.options,
    ...(settings.news && { logger: newsLogger }),
  })

  app.addHook('onReady', async () => {
    joinServers(app.mangaFederation, settings, (problem) => app.log.warn(problem))
  })

  await app.register(sitePages, { library, settings })
  return app
}
