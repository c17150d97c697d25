import { type Load, openLoad } from './load.ts'
import { type BenchResult, medianSpeedRatio, type UnitCost } from './measure.ts'
import { type RunningSite, type ScaledCatalog, type ScaledCatalogs, withOwnSite } from './scaled-catalogs.ts'
import { deepPages, firstPage } from './scaled-paging.ts'
import { costsOf, spendingOf } from './spending.ts'

/** What each process may use, so that two of them, PostgreSQL and the load do not wait for one of two cores. */
const SHARE = 0.15

/** How many times as much two processes have to serve. */
const LIMIT = 1.6

const ROUNDS = 9

/** As long as a second in one process. */
const REQUESTS_A_ROUND = { 'deep pages': 50, 'kept pages': 1000 }

/** Pages that two processes over one store serve, against what one of them serves; each has a share of a core. */
export function twoProcesses(
  all: ScaledCatalogs,
  catalog: ScaledCatalog,
): Promise<{ results: BenchResult[]; costs: UnitCost[] }> {
  return withOwnSite(
    all,
    catalog,
    (first) => withOwnSite(all, catalog, (second) => compareBoth(all, first, second), SHARE),
    SHARE,
  )
}

async function compareBoth(
  all: ScaledCatalogs,
  first: RunningSite,
  second: RunningSite,
): Promise<{ results: BenchResult[]; costs: UnitCost[] }> {
  const results: BenchResult[] = []
  const costs: UnitCost[] = []
  const { serverName } = all
  const targets = {
    'deep pages': deepPages(serverName, 'chapter'),
    'kept pages': () => firstPage(serverName, 'chapter'),
  }
  for (const name of ['deep pages', 'kept pages'] as const) {
    const loads = await Promise.all([first, second].map(({ port }) => openLoad(port, targets[name], { sleeps: true })))
    const requests = REQUESTS_A_ROUND[name]
    const byOne = (): Promise<void> => loads[0]!.run(requests)
    const byTwo = async (): Promise<void> => void (await Promise.all(loads.map((load) => load.run(requests / 2))))
    results.push({
      name: `${all.kind.name}: ${name} that two processes serve`,
      ratio: await medianSpeedRatio(byTwo, byOne, ROUNDS),
      limit: LIMIT,
      direction: 'at least',
      detail: `what one serves, each held to ${SHARE} of a core`,
    })
    for (const [how, run] of Object.entries({ 'by one': byOne, 'by two': byTwo })) {
      const spent = await spendingOf(all.kind, [first.process, second.process], async () => {
        for (let round = 0; round < ROUNDS; round += 1) await run()
      })
      costs.push(...costsOf(`${name} ${how}`, spent, ROUNDS * requests))
    }
    loads.forEach((load: Load) => load.close())
  }
  return { results, costs }
}
