import { type Child, startChild } from './child.ts'

/** What a site's process is started with. */
export interface SiteOptions {
  /** How many series the site has. */
  readonly series: number
  /** How many other servers' keys it knows: those of `otherServer(0)` and so on. Default is 0. */
  readonly servers?: number
  /** Path and query of what the peer answers from a constant. */
  readonly targets: readonly string[]
}

/** Where a site's process listens. */
export interface SitePorts {
  /** Fastify with the federation. */
  readonly federation: number
  /** The same Fastify, which answers the same targets with the same bytes and headers from a constant. */
  readonly constant: number
  /** Where the series come from. */
  readonly source: string
}

/** The path of the API on the site: that of its server name. */
export const API = '/v1'

/** The name of the site in the network. */
export const SERVER_NAME = `https://manga.example.com${API}`

/** Runs `measure` against a site in a process of its own. Both sides are in that one process, so they share its luck. */
export async function withSite<T>(options: SiteOptions, measure: (ports: SitePorts) => Promise<T>): Promise<T> {
  const site: Child = startChild('./site-process.ts', options)
  try {
    return await measure(await site.ask<SitePorts>('open'))
  } finally {
    await site.stop()
  }
}
