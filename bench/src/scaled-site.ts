import { type Child, startChild } from './child.ts'
import type { StorePlace } from './scaled-stores.ts'

/** What the process of a site over a large store is started with. */
export interface ScaledSiteOptions {
  readonly serverName: string
  readonly port: number
  readonly store: StorePlace
  /** How many series the catalog in the store has. */
  readonly series: number
  /** The server that it is told to follow. */
  readonly origin?: string
  /** Which share of a core it may use; without it, all that there is. */
  readonly share?: number
}

/** What a process has used until now, and how much memory it has. */
export interface Usage {
  readonly cpuMs: number
  readonly rssBytes: number
}

/** Changes of a round, one after the other or all in one call. */
export const CHANGES = 100

/** Series that an origin publishes for its followers to take in. */
export const NEW_SERIES = 10_000

/** Runs `measure` with a site in a process of its own. */
export async function withScaledSite<T>(options: ScaledSiteOptions, measure: (site: Child) => Promise<T>): Promise<T> {
  const site = startChild('./scaled-process.ts', options)
  try {
    await site.ask('open')
    return await measure(site)
  } finally {
    await site.stop()
  }
}
