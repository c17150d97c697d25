import { type CatalogRepository, createFederation, type Federation } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import { growLog } from './grown-log.ts'
import { type BenchResult, medianSpeedRatio } from './measure.ts'
import { SERVER_NAME } from './site.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const SMALL_LOG = 1000
const LARGE_LOG = 1_000_000

/** Changes a round, one after the other: together they take longer than what else the disk does now and then. */
const CHANGES = 100
const ROUNDS = 21

/** One change, from the site's word to the new head on disk, at the end of a short log and of a long one. */
export async function appending(): Promise<BenchResult[]> {
  const folder = temporaryFolder()
  const sites: Federation[] = []
  try {
    for (const size of [SMALL_LOG, LARGE_LOG]) sites.push(await siteWithLog(folder, size))
    const [small, large] = sites
    const ratio = await medianSpeedRatio(
      () => change(small!, SMALL_LOG),
      () => change(large!, LARGE_LOG),
      ROUNDS,
    )
    return [
      {
        name: `appending to a log of ${LARGE_LOG} entries`,
        ratio,
        limit: 1.5,
        direction: 'at most',
        detail: `the time at ${SMALL_LOG} entries, one change at a time, from the site's word to SQLite`,
      },
    ]
  } finally {
    for (const site of sites) await site.close()
    folder.remove()
  }
}

async function siteWithLog(folder: TemporaryFolder, size: number): Promise<Federation> {
  const path = folder.file(`${size}.db`)
  const store = await openSqliteStore({ path })
  await growLog(store, SERVER_NAME, size)
  await store.close()
  const site = createFederation({
    serverName: SERVER_NAME,
    catalog: changingSeries(),
    store: () => openSqliteStore({ path }),
  })
  await site.catalog.reconcile()
  return site
}

/** A site that has another title each time that it is asked, and whose listing nobody reads. */
function changingSeries(): CatalogRepository {
  let changes = 0
  const unread = async (): Promise<never> => Promise.reject(new Error('The listing is not what is measured.'))
  return {
    listSeries: unread,
    listChapters: unread,
    getSeries: async (id) => ({ id, metadata: { en: { title: `Title ${(changes += 1)}` } } }),
    getChapter: async () => undefined,
  }
}

/** Changes series from all over the catalog. */
async function change(site: Federation, size: number): Promise<void> {
  for (let index = 0; index < CHANGES; index += 1) {
    const id = `s${Math.floor((index * size) / CHANGES)}`
    const { published, problems } = await site.catalog.changed({ series: [id] })
    if (published !== 1) throw new Error(`A change was not published: ${JSON.stringify(problems[0])}`)
  }
}
