import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type TestRepository, testRepository } from '../catalog/test-repository.ts'
import { encodeCanonical, type JsonObject, type JsonValue } from '../json/index.ts'
import { type TestAnswer, testFederation, type TestFederation } from '../test-federation.ts'
import type { FederationOptions } from '../options.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { createReader, environment, type Reader, type ReaderOptions } from './index.ts'

/** What a site does to an answer before it is sent; undefined cuts the connection. */
export type Tamper = (target: string, answer: TestAnswer) => TestAnswer | undefined | Promise<TestAnswer>

/** A site of the network, on a port of loopback. */
export interface TestSite extends TestFederation {
  readonly domain: string
  readonly serverName: string
  readonly repository: TestRepository
  /** Targets that it was asked for, in order. */
  readonly requests: string[]
  tamper: Tamper
  /** What its well-known file lists. */
  loadBalancers: string[]
  /** Answers nothing from now on, as when its machine is gone. */
  die(): void
}

export const HONEST: Tamper = (_target, answer) => answer

/** Starts a site with so many series of two chapters each. */
export async function startSite(t: Test, seriesCount = 0, options: Partial<FederationOptions> = {}): Promise<TestSite> {
  const requests: string[] = []
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const domain = `127.0.0.1:${port}`
  const serverName = `http://${domain}/v1`
  const repository = testRepository(seriesCount)
  const site: TestSite = {
    ...testFederation(t, { serverName, catalog: repository, ...options }),
    domain,
    serverName,
    repository,
    requests,
    tamper: HONEST,
    loadBalancers: [],
    die() {
      site.tamper = () => undefined
    },
  }
  await site.federation.start()

  async function serve({ method, url: target = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(target)
    // Volunteers pull here when the test says so; nothing is pushed.
    const isPush = method !== 'GET' || target.includes('/log/events')
    const answer = isPush ? undefined : await answerTo(target)
    if (!answer) {
      response.destroy()
      return
    }
    const { status, headers, body } = answer
    response.writeHead(status, { ...headers, 'content-length': body.byteLength }).end(body)
  }

  async function answerTo(target: string): Promise<TestAnswer | undefined> {
    const answer = target.startsWith('/.well-known/')
      ? answerWith({ primary: serverName, 'load-balancers': site.loadBalancers })
      : await site.get(target)
    return site.tamper(target, answer)
  }
  return site
}

/** An answer with status 200. */
export function answerWith(json: JsonValue, headers: Readonly<Record<string, string>> = {}): TestAnswer {
  return { status: 200, headers, body: encodeCanonical(json), json: json as JsonObject }
}

/** An origin with its load balancers, which have mirrored all of it. */
export interface TestNetwork {
  readonly origin: TestSite
  readonly volunteers: readonly TestSite[]
  /** Changes the origin's catalog, and waits until the load balancers have it. */
  change(series: readonly string[], chapters: readonly string[]): Promise<void>
}

/** Starts a network. */
export async function startNetwork(
  t: Test,
  volunteers = 2,
  seriesCount = 3,
  options: Partial<FederationOptions> = {},
): Promise<TestNetwork> {
  const origin = await startSite(t, seriesCount, options)
  const sites = await Promise.all(Array.from({ length: volunteers }, () => startSite(t)))
  origin.loadBalancers = sites.map(({ serverName }) => serverName)
  for (const site of sites) {
    await site.federation.follow(origin.serverName)
    await catchUp(site, origin)
  }
  return {
    origin,
    volunteers: sites,
    async change(series, chapters) {
      await origin.federation.catalog.changed({ series: [...series], chapters: [...chapters] })
      await origin.federation.catalog.reconcile()
      for (const site of sites) await catchUp(site, origin)
    },
  }
}

/** Waits until a site has all that another one has. */
export async function catchUp(site: TestSite, origin: TestSite): Promise<void> {
  const { size } = (await origin.get('/v1/manga/log/head')).json
  for (;;) {
    const status = await site.federation.check(origin.serverName)
    if (status.size === size) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A reader app with a clock that the test moves. */
export function startReader(t: Test, options: ReaderOptions = {}): Reader & { readonly time: ManualEnvironment } {
  const time = manualEnvironment()
  const reader = createReader({ allowInsecure: true, allowedPorts: 'any', [environment]: time, ...options })
  t.teardown(() => reader.close())
  return { ...reader, time }
}
