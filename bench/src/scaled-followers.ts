import { openCrowd, subscribe } from './crowd.ts'
import { freePlace } from './federated-site.ts'
import type { UnitCost } from './measure.ts'
import type { ScaledCatalog, ScaledCatalogs } from './scaled-catalogs.ts'
import { withScaledSite } from './scaled-site.ts'
import { openStoreAt } from './scaled-stores.ts'
import { costsOf, spendingOf } from './spending.ts'

const FOLLOWERS = 500
const WARM_UP_CHANGES = 10
const CHANGES = 20

/** What it costs the site to push a change to one of many followers. */
export async function followerCosts({ kind, serverName }: ScaledCatalogs, catalog: ScaledCatalog): Promise<UnitCost[]> {
  const place = await kind.copy(catalog.label, 'followed')
  const crowd = await openCrowd(FOLLOWERS)
  try {
    const store = await openStoreAt(place)
    const { size } = await store.catalog.state(serverName)
    await subscribe(crowd, store, size)
    await store.close()
    const { port } = await freePlace()
    const options = { serverName, port, store: place, series: catalog.series }
    return await withScaledSite(options, async (site) => {
      const changeAll = async (change: number): Promise<void> => {
        await site.ask('change')
        await crowd.allHold(size + change)
      }
      for (let change = 1; change <= WARM_UP_CHANGES; change += 1) await changeAll(change)
      const spent = await spendingOf(kind, [site], async () => {
        for (let change = 1; change <= CHANGES; change += 1) await changeAll(WARM_UP_CHANGES + change)
      })
      return costsOf(`${kind.name}: a change for each of ${FOLLOWERS} followers`, spent, CHANGES * FOLLOWERS)
    })
  } finally {
    crowd.close()
    await kind.remove('followed')
  }
}
