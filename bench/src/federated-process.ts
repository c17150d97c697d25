import { mangaFederation } from '@manga-federation/fastify'
import type { Store } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import Fastify from 'fastify'
import { answerParent, argumentOfChild } from './child.ts'
import type { FederatedSiteOptions, FollowerProgress } from './federated-site.ts'
import { CHAPTERS_A_SERIES, madeUpChapter, madeUpSeries } from './made-up-catalog.ts'
import { checkPublished } from './measure.ts'
import { repositoryOf } from './repository.ts'

const options = argumentOfChild() as FederatedSiteOptions
const series = { count: options.series, at: madeUpSeries }
const chapters = { count: options.series * CHAPTERS_A_SERIES, at: madeUpChapter }
const site = Fastify()
/** When changes of the followed catalog were stored, on the clock of the machine in milliseconds. */
const storedAt: number[] = []

/** The SQLite file, of which is noted when it took in something of the followed server. */
async function openStore(): Promise<Store> {
  const store = await openSqliteStore({ path: options.databasePath })
  return {
    ...store,
    close: () => store.close(),
    catalog: {
      ...store.catalog,
      async commit(serverName, commit) {
        const state = await store.catalog.commit(serverName, commit)
        if (serverName === options.origin && commit.puts.length > 0) storedAt.push(machineTime())
        return state
      },
    },
  }
}

function machineTime(): number {
  return performance.timeOrigin + performance.now()
}

/** @returns where it listens. */
async function open(): Promise<number> {
  await site.register(mangaFederation, {
    serverName: options.serverName,
    catalog: repositoryOf(series, chapters),
    store: openStore,
    allowInsecure: true,
    allowedPorts: 'any',
  })
  await site.listen({ host: '127.0.0.1', port: options.port })
  checkPublished(await site.mangaFederation.catalog.reconcile(), series.count + chapters.count)
  return options.port
}

/** @returns in which state the catalog is that it follows from now on. */
async function follow(): Promise<string> {
  return (await site.mangaFederation.follow(options.origin!)).state
}

async function progress(): Promise<FollowerProgress> {
  const [status] = await site.mangaFederation.following()
  return { held: status?.size ?? 0, signed: status?.headSize, lastError: status?.lastError }
}

/** How many servers are told of changes by a push. */
async function followers(): Promise<number> {
  return (await site.mangaFederation.followers()).length
}

/** Adds a series. Returns when the site told its federation. */
async function change(): Promise<number> {
  const { id } = series.at(series.count)
  series.count += 1
  const toldAt = machineTime()
  await site.mangaFederation.catalog.changed({ series: [id] })
  return toldAt
}

/** The most that the process ever had in memory: resident set size in bytes, of which the system keeps count. */
async function peak(): Promise<number> {
  return process.resourceUsage().maxRSS * 1024
}

answerParent({ open, follow, progress, followers, change, stored: async () => storedAt.splice(0), peak }, () =>
  site.close(),
)
