import { mangaFederation } from '@manga-federation/koa'
import Koa from 'koa'
import {
  fillSite,
  httpSite,
  joinServers,
  mirroredPages,
  newsLogger,
  openSiteDatabase,
  openStorage,
  siteCatalog,
  siteLibrary,
  type Settings,
  type Site,
} from 'manga-federation-example-shared'
import { mountSitePages } from './site-pages.ts'

/** The whole site, ready to listen: its database, its pages, and the federation. */
export async function createSite(settings: Settings): Promise<Site> {
  const app = new Koa()

  const database = openSiteDatabase(settings.dataDir)
  const library = siteLibrary(database)
  await fillSite(database, library, settings.catalogFile, (problem) => console.warn(problem))

  const storage = await openStorage(settings)
  const manga = mangaFederation({
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
  app.use(manga)

  await mountSitePages(app, { library, mirrored: mirroredPages(manga.federation.catalog), settings })

  const handle = app.callback()
  return httpSite((request, response) => void handle(request, response), manga.federation, {
    async start() {
      await manga.federation.start()
      joinServers(manga.federation, settings, (problem) => console.warn(problem))
    },
    async stop() {
      await manga.federation.close()
      await storage.close()
      database.close()
    },
  })
}
