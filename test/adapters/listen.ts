import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Federation } from '@manga-federation/core'
import type { AdapterSite } from '@manga-federation/testing'

/** Lets a site listen on a free port of this machine. */
export async function listen(listener: RequestListener, federation: Federation): Promise<AdapterSite> {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: urlOf(server),
    federation,
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      federation.endStreams()
      server.close()
      await closed
      await federation.close()
    },
  }
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
