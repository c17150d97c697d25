import { mangaFederation } from '@manga-federation/fastify'
import type { CatalogRepository } from '@manga-federation/core'
import Fastify from 'fastify'
import { answerParent, argumentOfChild } from './child.ts'
import { idOfSeries } from './large-catalog.ts'
import { madeUpSeries } from './made-up-catalog.ts'
import { CHANGES, NEW_SERIES, type ScaledSiteOptions, type Usage } from './scaled-site.ts'
import { openStoreAt } from './scaled-stores.ts'
import { holdToShare } from './share-of-a-core.ts'

/** What one call tells of while a catalog is published. */
const SERIES_A_CALL = 1000

const options = argumentOfChild() as ScaledSiteOptions
const site = Fastify()
/** Goes on where an earlier process over the same store ended: a title that is there already is no change. */
let changes = Date.now()

/** A site that has another title each time that it is asked, and whose listing nobody reads. */
function changingSeries(): CatalogRepository {
  const unread = async (): Promise<never> => Promise.reject(new Error('The listing is not what is measured.'))
  return {
    listSeries: unread,
    listChapters: unread,
    getSeries: async (id) => ({ ...madeUpSeries((changes += 1)), id }),
    getChapter: async () => undefined,
  }
}

async function open(): Promise<void> {
  await site.register(mangaFederation, {
    serverName: options.serverName,
    catalog: changingSeries(),
    store: () => openStoreAt(options.store),
    allowInsecure: true,
    allowedPorts: 'any',
  })
  await site.listen({ host: '127.0.0.1', port: options.port })
  // The pass that every start begins with ends at once: there is no listing.
  await site.mangaFederation.catalog.reconcile()
  if (options.share !== undefined) holdToShare(options.share)
}

async function changed(ids: string[]): Promise<void> {
  const { published, problems } = await site.mangaFederation.catalog.changed({ series: ids })
  if (published !== ids.length) throw new Error(`A change was not published: ${JSON.stringify(problems[0])}`)
}

function change(): Promise<void> {
  return changed([idOfSeries(changes % options.series)])
}

/** Changes series from all over the catalog, one after the other. */
async function changeSingly(): Promise<void> {
  for (const id of someSeries()) await changed([id])
}

/** The same in one call. */
function changeTogether(): Promise<void> {
  return changed(someSeries())
}

function someSeries(): string[] {
  const step = Math.floor(options.series / CHANGES)
  return Array.from({ length: CHANGES }, (_, index) => idOfSeries((changes + index * step) % options.series))
}

async function publish(): Promise<void> {
  for (let start = 0; start < NEW_SERIES; start += SERIES_A_CALL) {
    await changed(Array.from({ length: SERIES_A_CALL }, (_, index) => `new-${start + index}`))
  }
}

async function follow(): Promise<void> {
  await site.mangaFederation.follow(options.origin!)
}

/** Entries of the followed log that are held. */
async function held(): Promise<number> {
  const [status] = await site.mangaFederation.following()
  if (status?.lastError !== undefined) throw new Error(status.lastError)
  return status?.size ?? 0
}

async function usage(): Promise<Usage> {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() }
}

answerParent({ open, change, changeSingly, changeTogether, publish, follow, held, usage }, () => site.close())
