import type { AddressInfo } from 'node:net'
import { mangaFederation } from '@manga-federation/fastify'
import type { Store } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import Fastify, { type FastifyInstance } from 'fastify'
import { answerParent, argumentOfChild } from './child.ts'
import { checkPublished } from './measure.ts'
import { otherServer, remember } from './other-servers.ts'
import { repositoryOfSeries } from './repository.ts'
import { seriesRecords } from './series.ts'
import { SERVER_NAME, type SiteOptions, type SitePorts } from './site.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What Node's server writes by itself. */
const HEADERS_OF_THE_CONNECTION = new Set(['connection', 'date', 'keep-alive'])

const options = argumentOfChild() as SiteOptions
const folder = temporaryFolder()
const federation = Fastify()
const constant = Fastify()

async function open(): Promise<SitePorts> {
  const { records, source } = seriesRecords(options.series)
  await federation.register(mangaFederation, {
    serverName: SERVER_NAME,
    catalog: repositoryOfSeries(records),
    store: openStore,
  })
  await federation.ready()
  checkPublished(await federation.mangaFederation.catalog.reconcile(), records.length)
  for (const target of options.targets) await answerFromConstant(target)
  return { federation: await listen(federation), constant: await listen(constant), source }
}

/** The store of a site that has asked for these servers' keys just now. */
async function openStore(): Promise<Store> {
  const store = await openSqliteStore({ path: folder.file('federation.db') })
  for (let index = 0; index < (options.servers ?? 0); index += 1) await remember(store, otherServer(index))
  return store
}

/** Lets the peer answer as the federation answers now. */
async function answerFromConstant(target: string): Promise<void> {
  const { statusCode, headers, rawPayload } = await federation.inject(target)
  if (statusCode !== 200) throw new Error(`The federation answers ${target} with ${statusCode}.`)
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !HEADERS_OF_THE_CONNECTION.has(name)))
  // A router decodes what is encoded at the end of a path, and would not find it under its encoded name.
  const path = target.split('?', 1)[0]!.replace(/[^/]*%[^/]*$/, '*')
  constant.get(path, (_request, reply) => reply.headers(kept).send(rawPayload))
}

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

answerParent({ open }, async () => {
  await Promise.all([federation.close(), constant.close()])
  folder.remove()
})
