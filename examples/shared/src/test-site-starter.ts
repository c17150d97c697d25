import { parentPort, workerData } from 'node:worker_threads'
import { fillSite } from './fill-site.ts'
import { openSiteDatabase } from './site-database.ts'
import { siteLibrary } from './site-library.ts'

/** What such a thread is given: a folder, and where those that are there are counted, until all are. */
export interface SiteStart {
  readonly dataDir: string
  readonly there: Int32Array
  readonly all: number
}

// A thread of its own opens and fills the site's database, at the same moment as the others.
const { dataDir, there, all }: SiteStart = workerData
Atomics.add(there, 0, 1)
Atomics.notify(there, 0)
for (let count; (count = Atomics.load(there, 0)) < all;) Atomics.wait(there, 0, count)

const database = openSiteDatabase(dataDir)
const library = siteLibrary(database)
await fillSite(database, library, undefined, () => {})
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(library.listSeries('', { offset: 0, limit: 1000 }).length)
database.close()
