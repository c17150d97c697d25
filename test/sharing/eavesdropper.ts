import { once } from 'node:events'
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as ask,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Test } from 'tap'

/** A request as it was on the wire. */
export interface CaughtRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Promise<Buffer>
}

/** A proxy in front of a site, which passes everything on but signed requests: those it keeps. */
export interface Eavesdropper {
  /** The name of the site behind it. */
  readonly serverName: string
  /** Passes on to the process that listens here. */
  lead(address: string): void
  /** Settles when there is a signed request. */
  readonly caught: Promise<CaughtRequest>
}

/** Opens a proxy on a free port of loopback, closed after the test. */
export async function openEavesdropper(t: Test): Promise<Eavesdropper> {
  let site = new URL('http://127.0.0.1')
  let keep: (request: CaughtRequest) => void = () => {}
  const caught = new Promise<CaughtRequest>((resolve) => (keep = resolve))
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request
    if ('signature' in headers) {
      keep({ method, path, headers, body: buffer(request) })
      response.writeHead(503).end()
    } else {
      passOn(ask(new URL(path, site), { method, headers }).end(), response).catch(() => response.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    serverName: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    lead: (address) => void (site = new URL(address)),
    caught,
  }
}

async function passOn(passed: ClientRequest, response: ServerResponse): Promise<void> {
  const [answer] = (await once(passed, 'response')) as [IncomingMessage]
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  await pipeline(answer, response)
}

/** Sends a caught request to a process of the site. @returns the status and the error code of the answer. */
export async function replay({ method, path, headers, body }: CaughtRequest, address: string): Promise<string> {
  const sent = ask(new URL(path, address), { method, headers }).end(await body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const text = (await buffer(answer)).toString()
  return `${answer.statusCode} ${/"error_code":"(\w+)"/.exec(text)?.[1] ?? ''}`.trim()
}
