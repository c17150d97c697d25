import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { JsonObject, ObjectKind } from '@manga-federation/core'
import type { Test } from 'tap'

/** What is made of the objects of a listing that a site answers with. */
export type Lie = (kind: ObjectKind, objects: readonly JsonObject[]) => readonly JsonObject[]

/** A proxy in front of a site, which passes everything on until it is told to lie. */
export interface Front {
  /** The name of the site behind it. */
  readonly serverName: string
  /** Passes on to a site that listens here. */
  lead(address: string): void
  /** From now on listings are answered so; undefined: as the site does. */
  lie: Lie | undefined
  /** Whether those who look after load balancers are told the truth. */
  isTrueToOrigin: boolean
}

/** A listing of what a site mirrors. */
const LISTING = /^\/v1\/manga\/(series|chapters)\/origin\//

/** Opens a front on a free port of loopback, closed after the test. */
export async function openFront(t: Test): Promise<Front> {
  let site = new URL('http://127.0.0.1')
  let isPolled = false
  const server = createServer((request, response) => {
    noticePoll(request.url)
    passOn(request, response).catch(() => response.destroy())
  })

  /** Readers never ask a load balancer for its own keys; who polls it does, between its head and its listings. */
  function noticePoll(target = ''): void {
    if (target === '/v1/keys') isPolled = true
    else if (target.endsWith('/head')) isPolled = false
  }

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path = '', headers } = request
    const { hostname, port } = site
    const passed = ask({ hostname, port, method, path, headers })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      passed.on('response', resolve).on('error', reject)
    })
    await pipeline(request, passed)
    const answer = await answered
    const listing = LISTING.exec(path)?.[1]
    const { lie, isTrueToOrigin } = front
    if (!lie || !listing || (isTrueToOrigin && isPolled) || answer.statusCode !== 200) {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      return pipeline(answer, response)
    }
    const objects = JSON.parse(await text(answer)) as JsonObject[]
    const { 'content-length': _length, etag: _etag, ...kept } = answer.headers
    response.writeHead(200, kept).end(JSON.stringify(lie(listing === 'series' ? 'series' : 'chapter', objects)))
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  })
  const front: Front = {
    serverName: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    lead(address) {
      site = new URL(address)
    },
    lie: undefined,
    isTrueToOrigin: false,
  }
  return front
}
