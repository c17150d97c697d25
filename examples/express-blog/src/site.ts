import { mangaFederation } from '@manga-federation/express'
import express from 'express'
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
import { openBlog } from './blog.ts'
import { blogPages } from './blog-pages.ts'

/** The whole blog, ready to listen: its file of posts, its pages, and the federation. */
export async function createSite(settings: Settings): Promise<Site> {
  const app = express()
  app.disable('x-powered-by')

  const database = openSiteDatabase(settings.dataDir)
  const library = siteLibrary(database)
  await fillSite(database, library, settings.catalogFile, (problem) => console.warn(problem))
  const blog = openBlog(database, library)

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

  app.use(await blogPages({ library, blog, mirrored: mirroredPages(manga.federation.catalog), settings }))

  return httpSite(app, manga.federation, {
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
