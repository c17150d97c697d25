import type { Child } from './child.ts'
import { freePlace } from './federated-site.ts'
import { fillWithCatalog } from './large-catalog.ts'
import { CHAPTERS_A_SERIES } from './made-up-catalog.ts'
import { withScaledSite } from './scaled-site.ts'
import { openStoreAt, type StoreKind, type StorePlace } from './scaled-stores.ts'

/** How many chapters the compared catalogs have, the smallest first. */
export const SIZES = [10_000, 100_000, 1_000_000] as const

/** A large catalog in a store. */
export interface ScaledCatalog {
  readonly chapters: number
  readonly series: number
  /** What the store is called among those of its kind. */
  readonly label: string
  readonly store: StorePlace
  /** A copy that another site has as its mirror. It is made early: a disk is slow for a while after a large copy. */
  readonly mirror: StorePlace
}

/** The same catalog of one server in stores of one kind, in all sizes. */
export interface ScaledCatalogs {
  readonly kind: StoreKind
  /** Whose catalog it is. */
  readonly serverName: string
  readonly catalogs: readonly ScaledCatalog[]
}

/** A site that runs. */
export interface RunningSite {
  readonly process: Child
  readonly port: number
}

/** Fills a store for each size. */
export async function fillStores(kind: StoreKind, serverName: string): Promise<ScaledCatalogs> {
  const catalogs: ScaledCatalog[] = []
  for (const chapters of SIZES) {
    const label = `catalog_${chapters}`
    const place = await kind.make(label)
    const store = await openStoreAt(place)
    await fillWithCatalog(store, serverName, chapters)
    await store.close()
    await kind.settle(label)
    const mirror = await kind.copy(label, `mirror_${chapters}`)
    catalogs.push({ chapters, series: Math.ceil(chapters / CHAPTERS_A_SERIES), label, store: place, mirror })
  }
  return { kind, serverName, catalogs }
}

/** Runs `measure` with the site whose catalog it is, over one of the stores, which lies in the system's memory. */
export async function withOwnSite<T>(
  { serverName, kind }: ScaledCatalogs,
  { store, series, label }: ScaledCatalog,
  measure: (site: RunningSite) => Promise<T>,
  share?: number,
): Promise<T> {
  await kind.warm(label)
  const { port } = await freePlace()
  const limits = share === undefined ? {} : { share }
  return withScaledSite({ serverName, port, store, series, ...limits }, (process) => measure({ process, port }))
}
