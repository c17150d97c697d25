import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Federation, FederationError } from '@manga-federation/core'
import { tellNews } from './network-news.ts'
import { readSettings, SettingError, type Settings } from './settings.ts'

/** A site that can be started and ended; a Fastify instance is one. */
export interface Site {
  /** @returns the address, such as `http://127.0.0.1:3000`. */
  listen(place: { host: string; port: number }): Promise<string>
  close(): Promise<unknown>
  readonly server: Server
  readonly mangaFederation: Federation
}

/**
 * A site on a framework that has no life cycle of its own.
 *
 * @param start what is done before it listens.
 * @param stop what is done after the last request was answered.
 */
export function httpSite(
  listener: RequestListener,
  mangaFederation: Federation,
  { start, stop }: { start: () => Promise<void>; stop: () => Promise<void> },
): Site {
  const server = createServer(listener)
  return {
    server,
    mangaFederation,
    async listen({ host, port }) {
      await start()
      server.listen(port, host)
      await once(server, 'listening')
      const address = server.address()
      return `http://${host}:${typeof address === 'object' && address ? address.port : port}`
    },
    async close() {
      // The server would wait for answers that stay open.
      mangaFederation.endStreams()
      if (server.listening) await once(server.close(), 'close')
      await stop()
    },
  }
}

/**
 * Runs an example site as a program: reads the environment variables, says `listening on …`, and ends in order at
 * SIGINT and SIGTERM.
 *
 * @param mainUrl the `import.meta.url` of the program, in `src` of the example's folder.
 */
export async function runSite(createSite: (settings: Settings) => Promise<Site>, mainUrl: string): Promise<void> {
  try {
    const settings = await readSettings(process.env, dirname(dirname(fileURLToPath(mainUrl))))
    const site = await createSite(settings)
    if (settings.news) tellNews(site.mangaFederation, site.server)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void site.close())
    console.log(`listening on ${await site.listen({ host: '127.0.0.1', port: settings.port })}`)
  } catch (error) {
    // Both are written for whoever starts the site; the rest is a defect, and needs its stack.
    const isForPeople = error instanceof SettingError || error instanceof FederationError
    console.error(isForPeople ? error.message : error)
    process.exit(1)
  }
}
