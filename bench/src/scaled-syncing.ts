import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'
import { freePlace } from './federated-site.ts'
import { objectsWith } from './large-catalog.ts'
import type { BenchResult, UnitCost } from './measure.ts'
import { type ScaledCatalog, type ScaledCatalogs, SIZES } from './scaled-catalogs.ts'
import { NEW_SERIES, withScaledSite } from './scaled-site.ts'
import { costsOf, type Spending, spendingOf } from './spending.ts'

/** How many times as long an entry may take in a mirror that holds a hundred times as much. */
const LIMIT = 1.5

/** How often the follower is asked how far it is. */
const LOOK_INTERVAL_MS = 20

/**
 * Followers that hold a catalog already take in what its origin published since, signatures and all. It can be
 * measured once: then the catalogs differ from their mirrors.
 *
 * @param origins - where the origin has its catalogs.
 * @param followers - stores of each kind, whose mirrors take in.
 */
export async function scaledSyncing(
  origins: ScaledCatalogs,
  followers: readonly ScaledCatalogs[],
): Promise<{ results: BenchResult[]; costs: UnitCost[] }> {
  const intakes: Spending[][] = []
  for (const catalog of origins.catalogs) intakes.push(await takeInByAll(origins, catalog, followers))
  const results: BenchResult[] = []
  const costs: UnitCost[] = []
  for (const [index, { kind }] of followers.entries()) {
    const bySize = intakes.map((ofSize) => ofSize[index]!)
    results.push(...resultsOf(kind.name, bySize))
    for (const [place, intake] of bySize.entries())
      costs.push(...costsOf(`${kind.name}, ${SIZES[place]} chapters: a mirrored entry`, intake, NEW_SERIES))
  }
  return { results, costs }
}

async function takeInByAll(
  { serverName }: ScaledCatalogs,
  { store, series, chapters }: ScaledCatalog,
  followers: readonly ScaledCatalogs[],
): Promise<Spending[]> {
  const port = Number(new URL(serverName).port)
  return withScaledSite({ serverName, port, store, series }, async (origin) => {
    await origin.ask('publish')
    const intakes: Spending[] = []
    for (const held of followers) {
      const { mirror } = held.catalogs.find((catalog) => catalog.chapters === chapters)!
      const options = { ...(await freePlace()), store: mirror, series, origin: serverName }
      intakes.push(
        await withScaledSite(options, (follower) =>
          spendingOf(held.kind, [follower], () => takeIn(follower, objectsWith(chapters))),
        ),
      )
    }
    return intakes
  })
}

/** Has a follower take in what is new. */
async function takeIn(follower: Child, heldBefore: number): Promise<void> {
  await follower.ask('follow')
  while ((await follower.ask<number>('held')) < heldBefore + NEW_SERIES) await sleep(LOOK_INTERVAL_MS)
}

function resultsOf(kind: string, [smallest, ...larger]: readonly Spending[]): BenchResult[] {
  return larger.map(({ ms }, index) => ({
    name: `${kind}: ${NEW_SERIES} entries into a mirror of ${SIZES[index + 1]} chapters`,
    ratio: ms / smallest!.ms,
    limit: LIMIT,
    direction: 'at most',
    detail: `the time into one of ${SIZES[0]}, both sites on this machine`,
  }))
}
