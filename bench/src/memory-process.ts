import type { AddressInfo } from 'node:net'
import { mangaFederation } from '@manga-federation/fastify'
import Fastify from 'fastify'
import { answerParent } from './child.ts'
import { CHAPTERS_A_SERIES, madeUpChapter, madeUpSeries } from './made-up-catalog.ts'
import { checkPublished } from './measure.ts'
import type { MemoryUse } from './memory.ts'
import { repositoryOf } from './repository.ts'
import { SERVER_NAME } from './site.ts'
import { temporaryFolder } from './temporary-folder.ts'

const SERIES = 25_000
const CHAPTERS = SERIES * CHAPTERS_A_SERIES

/** A thousand objects warm the process up: the code is compiled and the caches have their first content. */
const WARM_UP_SERIES = 77
const WARM_UP_CHAPTERS = 923

/** A page of publishing takes some 10 ms, so no page goes unseen. */
const SAMPLE_INTERVAL_MS = 5

const folder = temporaryFolder()
const series = { count: WARM_UP_SERIES, at: madeUpSeries }
const chapters = { count: WARM_UP_CHAPTERS, at: madeUpChapter }
const site = Fastify()
let before = 0
let peak = 0

async function open(): Promise<number> {
  await site.register(mangaFederation, {
    serverName: SERVER_NAME,
    catalog: repositoryOf(series, chapters),
    databasePath: folder.file('federation.db'),
  })
  await site.listen({ host: '127.0.0.1', port: 0 })
  return (site.server.address() as AddressInfo).port
}

async function publish(): Promise<MemoryUse> {
  before = process.memoryUsage.rss()
  setInterval(sample, SAMPLE_INTERVAL_MS)
  series.count = SERIES
  chapters.count = CHAPTERS
  checkPublished(await site.mangaFederation.catalog.reconcile(), SERIES + CHAPTERS)
  return usePeak()
}

async function usePeak(): Promise<MemoryUse> {
  sample()
  const use = { before, peak }
  // What comes next is measured from where it begins.
  before = process.memoryUsage.rss()
  peak = 0
  return use
}

function sample(): void {
  peak = Math.max(peak, process.memoryUsage.rss())
}

answerParent({ open, publish, peak: usePeak }, async () => {
  await site.close()
  folder.remove()
})
