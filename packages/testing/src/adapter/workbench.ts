import type { CatalogRepository, Federation, FederationOptions } from '@manga-federation/core'
import type { AdapterSite, Mount, MountOptions } from './adapter-site.ts'
import { exchange, type Exchange, type Sending } from './http-client.ts'
import { type WatchedStore, watchedStore } from './watched-store.ts'

/** The name of the site in the network, and the path of its API. */
export const SERVER_NAME = 'https://manga.example.com/v1'
export const API = '/v1'

/** Server-sent events: an answer that does not end by itself. */
export const EVENTS: string = `${API}/manga/log/events`

/** A mounted site as the cases use it. */
export interface SiteUnderTest extends WatchedStore {
  readonly url: string
  readonly federation: Federation
  /** Sends a request of its own connection, and shows the exchange to whoever listens. */
  readonly ask: (method: string, target: string, sending?: Sending) => Promise<Exchange>
  close(): Promise<void>
}

/** Options of a site; the rest has defaults. */
export interface SiteOptions extends Partial<Pick<MountOptions, 'place' | 'parser'>> {
  readonly federation?: Partial<FederationOptions>
  /** Whether its store holds a long catalog of another server. */
  readonly withMirrored?: boolean
}

/** What the cases are about. */
export interface Workbench {
  /** Mounts a site, runs the case and closes the site, whatever happens. */
  withSite(options: SiteOptions, run: (site: SiteUnderTest) => Promise<void>): Promise<void>
}

/** Builds the workbench of the caller's framework. */
export function createWorkbench(mount: Mount, onExchange: (exchanged: Exchange) => void): Workbench {
  async function open({
    federation,
    place = 'root',
    parser = 'none',
    withMirrored = false,
  }: SiteOptions): Promise<SiteUnderTest> {
    const watched = await watchedStore(withMirrored)
    const site: AdapterSite = await mount({
      federation: { serverName: SERVER_NAME, catalog: smallCatalog, store: async () => watched.store, ...federation },
      place,
      parser,
    })
    return {
      ...watched,
      url: site.url,
      federation: site.federation,
      async ask(method, target, sending) {
        const exchanged = await exchange(site.url, method, target, sending)
        onExchange(exchanged)
        return exchanged
      },
      close: () => site.close(),
    }
  }

  return {
    async withSite(options, run) {
      const site = await open(options)
      try {
        await run(site)
      } finally {
        await site.close()
      }
    },
  }
}

/** Three series and a chapter: publishing them takes no time. */
const smallCatalog: CatalogRepository = {
  listSeries: async () => ({
    items: ['s1', 's2', 's3'].map((id) => ({ id, metadata: { en: { title: `Series ${id}` } } })),
  }),
  listChapters: async () => ({ items: [{ id: 'c1', seriesId: 's1', metadata: { en: { chapter: '1' } } }] }),
  getSeries: async () => undefined,
  getChapter: async () => undefined,
}
