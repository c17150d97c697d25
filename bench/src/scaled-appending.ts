import { type BenchResult, medianSpeedRatio, type UnitCost } from './measure.ts'
import { type ScaledCatalog, type ScaledCatalogs, withOwnSite } from './scaled-catalogs.ts'
import { CHANGES } from './scaled-site.ts'
import { costsOf, spendingOf } from './spending.ts'

const ROUNDS = 9

/** Ways to change series from all over the catalog, and how many times as long it may take in one a hundred times as large. */
const WAYS = [
  { way: 'changeSingly', name: `${CHANGES} changes one at a time`, limit: 1.5 },
  // The disk is waited for once, and hardly anything is left but that each change lies in another place of it.
  { way: 'changeTogether', name: `${CHANGES} changes in one call`, limit: 2.5 },
] as const

/** How long changes of a larger catalog take, against those of the smallest. */
export async function scaledAppending(all: ScaledCatalogs): Promise<BenchResult[]> {
  const [smallest, ...larger] = all.catalogs
  const results: BenchResult[] = []
  await withOwnSite(all, smallest!, async ({ process: small }) => {
    for (const catalog of larger) {
      await withOwnSite(all, catalog, async ({ process: large }) => {
        for (const { way, name, limit } of WAYS) {
          results.push({
            name: `${all.kind.name}: ${name} at ${catalog.chapters} chapters`,
            ratio: await medianSpeedRatio(
              () => small.ask(way),
              () => large.ask(way),
              ROUNDS,
            ),
            limit,
            direction: 'at most',
            detail: `the time at ${smallest!.chapters}, from the site's word to the disk`,
          })
        }
      })
    }
  })
  return results
}

/** What a change costs. */
export function changeCosts(all: ScaledCatalogs, catalog: ScaledCatalog): Promise<UnitCost[]> {
  return withOwnSite(all, catalog, async ({ process }) => {
    const costs: UnitCost[] = []
    for (const { way, name } of WAYS) {
      const changeOften = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS; round += 1) await process.ask(way)
      }
      await changeOften()
      const spent = await spendingOf(all.kind, [process], changeOften)
      const where = `${all.kind.name}, ${catalog.chapters} chapters`
      costs.push(...costsOf(`${where}: ${name}, each`, spent, ROUNDS * CHANGES))
    }
    return costs
  })
}
