import { once } from 'node:events'
import http, { type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryStore } from '@manga-federation/core'
import { answerParent, argumentOfChild } from './child.ts'
import { type Constant, FRAMEWORK_SITES } from './framework-sites.ts'
import type { FrameworkPorts } from './frameworks.ts'
import { repositoryOfSeries } from './repository.ts'
import { seriesRecords } from './series.ts'
import { SERVER_NAME } from './site.ts'

/** Enough for a full page of 100 series. */
const SERIES = 200

/** What Node's server writes by itself. */
const HEADERS_OF_THE_CONNECTION = new Set(['connection', 'date', 'keep-alive'])

const { framework, targets } = argumentOfChild() as { framework: string; targets: readonly string[] }
const build = FRAMEWORK_SITES[framework]!
const servers: Server[] = []

async function open(): Promise<FrameworkPorts> {
  const federation = {
    serverName: SERVER_NAME,
    catalog: repositoryOfSeries(seriesRecords(SERIES).records),
    store: async () => memoryStore(),
  }
  const federated = await listen(await build({ federation }))
  const constants = await Promise.all(targets.map((target) => constantOf(federated, target)))
  return { federated, plain: await listen(await build({})), constant: await listen(await build({ constants })) }
}

/** What the federation answers now. */
async function constantOf(port: number, target: string): Promise<Constant> {
  const response = await fetch(`http://127.0.0.1:${port}${target}`)
  if (response.status !== 200) throw new Error(`The federation answers ${target} with ${response.status}.`)
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !HEADERS_OF_THE_CONNECTION.has(name)))
  return { path: target.split('?', 1)[0]!, headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

async function listen(listener: RequestListener): Promise<number> {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

answerParent({ open }, async () => servers.forEach((server) => server.close()))
