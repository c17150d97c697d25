import { missing, TestServer } from '../../packages/postgres/src/test-server.ts'
import { freePlace } from './federated-site.ts'
import { type BenchResult, describeCost, type UnitCost } from './measure.ts'
import { changeCosts, scaledAppending } from './scaled-appending.ts'
import { fillStores, type ScaledCatalogs } from './scaled-catalogs.ts'
import { followerCosts } from './scaled-followers.ts'
import { pageCosts, paging } from './scaled-paging.ts'
import { publishingCosts } from './scaled-publishing.ts'
import { postgresDatabases, sqliteFiles } from './scaled-stores.ts'
import { scaledSyncing } from './scaled-syncing.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { twoProcesses } from './two-processes.ts'

/**
 * Reads, appends and synchronizations at 10^4, 10^5 and 10^6 chapters, and two processes on one PostgreSQL. Prints
 * what each thing costs, from which larger sites are computed. Needs PostgreSQL, 12 GB of the disk, and Linux.
 * Some ten minutes.
 */
export async function scaling(): Promise<BenchResult[]> {
  if (missing !== false) throw new Error(missing)
  const folder = temporaryFolder()
  const server = await TestServer.open([])
  try {
    const { serverName } = await freePlace()
    const sqlite = await fillStores(sqliteFiles(folder), serverName)
    const postgres = await fillStores(postgresDatabases(server), serverName)
    print(await publishingCosts(folder))
    return await measure(sqlite, postgres)
  } finally {
    await server.remove()
    folder.remove()
  }
}

async function measure(sqlite: ScaledCatalogs, postgres: ScaledCatalogs): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  const both = [sqlite, postgres]
  for (const stores of both) {
    print(await diskCosts(stores))
    results.push(...(await paging(stores)))
    for (const catalog of stores.catalogs) print(await pageCosts(stores, catalog))
  }
  const served = await twoProcesses(postgres, postgres.catalogs[1]!)
  const synced = await scaledSyncing(sqlite, both)
  print([...served.costs, ...synced.costs])
  results.push(...served.results, ...synced.results)
  for (const stores of both) {
    results.push(...(await scaledAppending(stores)))
    for (const catalog of stores.catalogs) print(await changeCosts(stores, catalog))
    print(await followerCosts(stores, stores.catalogs[0]!))
  }
  return results
}

async function diskCosts({ kind, catalogs }: ScaledCatalogs): Promise<UnitCost[]> {
  return Promise.all(
    catalogs.map(async ({ chapters, label }) => ({
      name: `${kind.name}, ${chapters} chapters: disk for a chapter, its entry and its share of a series`,
      value: (await kind.bytes(label)) / chapters,
      unit: 'bytes',
    })),
  )
}

function print(costs: readonly UnitCost[]): void {
  for (const cost of costs) console.log(describeCost(cost))
}
