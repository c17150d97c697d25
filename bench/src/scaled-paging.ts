import { encodeBase64, type ObjectKind } from '@manga-federation/core'
import { somePlace } from './large-catalog.ts'
import { openLoad } from './load.ts'
import { type BenchResult, medianSpeedRatio, type UnitCost } from './measure.ts'
import { type RunningSite, type ScaledCatalog, type ScaledCatalogs, withOwnSite } from './scaled-catalogs.ts'
import type { Usage } from './scaled-site.ts'
import { API } from './site.ts'
import { costsOf, spendingOf } from './spending.ts'

const REQUESTS_A_ROUND = 100
const ROUNDS = 15

/** How many times as long a page may take in a catalog that is a hundred times as large. */
const LIMIT = 1.5

/** The same where each of the 100 bodies lies in another place of the disk. */
const SCATTERED_LIMIT = 2

/** Pages whose cost is counted: seconds of work, since the system counts in hundredths. */
const COUNTED_REQUESTS = 2000

/** Pages of the log that follow each other in the load lie so far apart: all over it, whatever its length. */
const ENTRIES_APART = 7919

const BYTES_A_MB = 1024 * 1024

/** One request at a time: how long a page takes, not how much two cores do at once. */
const ALONE = { connections: 1 }

/** Pages that are compared; each request is for another one, so that none is in the cache of rendered pages. */
const PAGES: readonly {
  readonly name: string
  readonly limit: number
  readonly targets: (serverName: string) => () => string
}[] = [
  { name: 'first page of 100 chapters', limit: LIMIT, targets: firstPages },
  {
    name: 'deep page of 100 chapters',
    limit: LIMIT,
    targets: (serverName) => deepPages(serverName, 'chapter'),
  },
  {
    name: 'deep page of 100 series, whose ids are in no order',
    limit: SCATTERED_LIMIT,
    targets: (serverName) => deepPages(serverName, 'series'),
  },
]

/** The first page: all chapters changed since then, so it has the same objects, but is another page to the cache. */
function firstPages(serverName: string): () => string {
  let since = 0
  return () => `${firstPage(serverName, 'chapter')}&since=${(since += 1)}`
}

/** Pages that begin anywhere in the catalog. */
export function deepPages(serverName: string, kind: ObjectKind): () => string {
  let number = 0
  return () => `${firstPage(serverName, kind)}&cursor=${cursorAfter(somePlace(kind, (number += 1)))}`
}

/** The first page, always the same. */
export function firstPage(serverName: string, kind: ObjectKind): string {
  const path = kind === 'series' ? 'series' : 'chapters'
  return `${API}/manga/${path}/origin/${encodeURIComponent(serverName)}?limit=100`
}

/** What a follower asks for that holds so many entries. */
function entriesAfter(held: number): string {
  return `${API}/manga/log/entries?since=${held}&limit=100`
}

/** As the server writes it in its links. */
function cursorAfter(id: string): string {
  return encodeBase64(Buffer.from(`after:${id}`))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/** How long pages of the larger catalogs take, against those of the smallest. */
export async function paging(all: ScaledCatalogs): Promise<BenchResult[]> {
  const [smallest, ...larger] = all.catalogs
  const results: BenchResult[] = []
  await withOwnSite(all, smallest!, async (small) => {
    for (const catalog of larger) {
      await withOwnSite(all, catalog, async (large) => {
        for (const { name, limit, targets } of PAGES) {
          results.push({
            name: `${all.kind.name}: ${name}, at ${catalog.chapters} chapters`,
            ratio: await compare(small, large, () => targets(all.serverName)),
            limit,
            direction: 'at most',
            detail: `the time at ${smallest!.chapters}, none from the cache of rendered pages`,
          })
        }
      })
    }
  })
  return results
}

async function compare(small: RunningSite, large: RunningSite, targets: () => () => string): Promise<number> {
  const [quick, slow] = await Promise.all([small, large].map(({ port }) => openLoad(port, targets(), ALONE)))
  const ratio = await medianSpeedRatio(
    () => quick!.run(REQUESTS_A_ROUND),
    () => slow!.run(REQUESTS_A_ROUND),
    ROUNDS,
  )
  for (const load of [quick, slow]) load!.close()
  return ratio
}

/** What answers cost, and how much memory and how many connections a site takes for them. */
export function pageCosts(all: ScaledCatalogs, catalog: ScaledCatalog): Promise<UnitCost[]> {
  const { kind, serverName } = all
  const where = `${kind.name}, ${catalog.chapters} chapters`
  return withOwnSite(all, catalog, async (site) => {
    const idleMb = await memoryMb(site)
    const costs: UnitCost[] = []
    for (const [name, targets] of Object.entries(askedOf(serverName, catalog))) {
      const load = await openLoad(site.port, targets, ALONE)
      await load.run(COUNTED_REQUESTS)
      const spent = await spendingOf(kind, [site.process], () => load.run(COUNTED_REQUESTS))
      load.close()
      costs.push(...costsOf(`${where}: ${name}`, spent, COUNTED_REQUESTS))
      costs.push({ name: `${where}: ${name}`, value: await bytesOf(site, targets()), unit: 'bytes' })
    }
    costs.push(
      { name: `${where}: memory of a site that started`, value: idleMb, unit: 'MB' },
      { name: `${where}: memory of a site under load`, value: await memoryMb(site), unit: 'MB' },
      { name: `${where}: connections to the database`, value: await kind.connections(catalog.label), unit: 'of them' },
    )
    return costs
  })
}

function askedOf(serverName: string, { chapters }: ScaledCatalog): Record<string, () => string> {
  let entry = 0
  return {
    'deep page of 100 chapters': deepPages(serverName, 'chapter'),
    'deep page of 100 series': deepPages(serverName, 'series'),
    'kept page of 100 chapters': () => firstPage(serverName, 'chapter'),
    'page of 100 entries of the log': () => entriesAfter((entry = (entry + ENTRIES_APART) % chapters)),
    'head of the log': () => `${API}/manga/log/head`,
  }
}

async function bytesOf({ port }: RunningSite, target: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${target}`)
  return (await answer.arrayBuffer()).byteLength
}

async function memoryMb({ process }: RunningSite): Promise<number> {
  return (await process.ask<Usage>('usage')).rssBytes / BYTES_A_MB
}
