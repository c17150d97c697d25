import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Store } from '@manga-federation/core'
import { API } from './site.ts'

/** Many followers in this process, each of which remembers only how much it was told. */
export interface Crowd {
  readonly names: readonly string[]
  /** When the last of them held so many entries, on the clock of the machine in milliseconds. */
  allHold(size: number): Promise<number>
  close(): void
}

/** Opens so many. */
export async function openCrowd(followers: number): Promise<Crowd> {
  const held = new Map<string, number>()
  let told: () => void = () => {}
  const server = createServer((request, response) => void take(request, response))

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { start, entries } = (await json(request)) as { start: number; entries: unknown[] }
    const size = start + entries.length
    held.set(request.url!.split('/', 2)[1]!, size)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ size }))
    told()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const paths = Array.from({ length: followers }, (_, index) => `f${index}`)
  return {
    names: paths.map((path) => `http://127.0.0.1:${port}/${path}${API}`),
    async allHold(size) {
      while (paths.some((path) => (held.get(path) ?? 0) < size)) await new Promise<void>((resolve) => (told = resolve))
      return performance.timeOrigin + performance.now()
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Lets a server that does not run yet remember that all of them follow it, and hold so many entries. */
export async function subscribe({ names }: Crowd, { followers }: Store, acknowledgedSize: number): Promise<void> {
  for (const serverName of names) {
    await followers.put({
      serverName,
      subscribedTs: Date.now(),
      acknowledgedSize,
      failures: 0,
      failingSinceTs: undefined,
      nextTryTs: 0,
      lastError: undefined,
    })
  }
}
