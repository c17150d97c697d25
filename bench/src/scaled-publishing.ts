import { freePlace, startFederatedSite } from './federated-site.ts'
import { objectsWith } from './large-catalog.ts'
import { CHAPTERS_A_SERIES } from './made-up-catalog.ts'
import type { UnitCost } from './measure.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

const SERIES = 5000

/** What it costs to publish a catalog for the first time, and to compare all of it afterwards, as is done daily. */
export async function publishingCosts(folder: TemporaryFolder): Promise<UnitCost[]> {
  const objects = objectsWith(SERIES * CHAPTERS_A_SERIES)
  const options = { ...(await freePlace()), databasePath: folder.file('published.db'), series: SERIES }
  const costs: UnitCost[] = []
  for (const name of ['first publish', 'daily comparison']) {
    const site = startFederatedSite(options)
    try {
      const start = performance.now()
      await site.ask('open')
      const ms = performance.now() - start
      costs.push({ name: `SQLite: ${name} of ${objects} objects, each`, value: ms / objects, unit: 'ms' })
    } finally {
      await site.stop()
    }
  }
  return costs
}
