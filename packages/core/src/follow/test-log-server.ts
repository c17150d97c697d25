import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { encodeCanonical, type JsonObject, signObject } from '../json/index.ts'
import { keyDocument, startOrigin, type TestKey, testKey } from '../keys/test-origin.ts'
import type { HeadFacts } from '../log/index.ts'
import { loadedKey, NOW_TS, type TestLog, testLog } from '../log/test-log.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { ObjectKind } from '../store/index.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** What a server does to an answer before it is sent; it may also answer itself, and then returns nothing. */
type Tamper<Answer> = (answer: Answer, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>

/** A server on loopback that shows a log, and lies as the test says. */
export interface TestLogServer {
  readonly serverName: string
  readonly key: TestKey
  /** The log that it shows. */
  log: TestLog
  /** What it shows of heads. */
  facts: Partial<HeadFacts>
  /** How many entries it puts into a page. */
  pageSize: number
  features: readonly string[]
  loadBalancers: readonly string[]
  tamperWithPage: Tamper<JsonObject>
  tamperWithHead: Tamper<JsonObject>
  /** Logs of others that it mirrors, by name. */
  readonly mirrored: Map<string, TestLogServer>
  /** Targets of the log that were asked for since this was asked last, without its path; with `304` where that was it. */
  requests(): string[]
  /** Whether it answers at all. */
  isDown: boolean
  /** Appends a signed object. `fields` are signed, `signer` signs. */
  put(kind: ObjectKind, id: string, how?: { fields?: JsonObject; signer?: TestKey; after?: JsonObject }): void
}

/** Starts one whose log has a series and so many chapters. */
export async function serveLog(t: Test, chapters = 0, keyNumber = 1): Promise<TestLogServer> {
  const origin = await startOrigin()
  t.teardown(() => origin.close())
  const { serverName } = origin
  const key = testKey(keyNumber)
  const asked: string[] = []

  const server: TestLogServer = {
    serverName,
    key,
    log: testLog(serverName, loadedKey(keyNumber)),
    facts: {},
    pageSize: 256,
    features: ['log'],
    loadBalancers: [],
    tamperWithPage: (page) => page,
    tamperWithHead: (head) => head,
    mirrored: new Map(),
    requests: () => asked.splice(0),
    isDown: false,
    put(kind, id, { fields = {}, signer = key, after = {} } = {}) {
      const unsigned: JsonObject = {
        id,
        server: serverName,
        revision: server.log.size + 1,
        metadata: { en: { title: `${id}, at ${server.log.size}` } },
        signing_keys: { [signer.keyId]: signer.base64 },
        updated_ts: NOW_TS,
        ...(kind === 'chapter' ? { series_id: 's1' } : {}),
        ...fields,
      }
      server.log.put(id, { kind, body: { ...signObject(unsigned, signer.keyId, signer.signingKey), ...after } })
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? ''
    if (server.isDown) return void response.destroy()
    if (target === '/v1/keys') return send(response, keyDocument(serverName, NOW_TS + 365 * DAY_MS, [key]))
    if (target === '/v1/federation/version') {
      return send(response, { server: { name: 'test', version: '1' }, features: [...server.features] })
    }
    if (target === '/.well-known/manga/servers') {
      return send(response, { primary: serverName, 'load-balancers': [...server.loadBalancers] })
    }
    const { shown, path } = logOf(target)
    if (!shown) return void response.writeHead(404).end()
    asked.push(path)
    if (path === '/head') return sendHead(shown, request, response)
    const query = new URLSearchParams(path.split('?')[1])
    const since = Number(query.get('since'))
    const end = Math.min(since + shown.pageSize, shown.log.size)
    const page = await server.tamperWithPage(await shown.log.page(since, end, shown.facts), response)
    if (page) send(response, page)
  }

  async function sendHead(shown: TestLogServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = await server.tamperWithHead(shown.log.head(shown.facts), response)
    if (!head) return
    const etag = `"${Number(head.size)}-${Number(head.issued_ts)}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] !== etag) return send(response, head)
    asked.push(`${asked.pop()} 304`)
    response.writeHead(304).end()
  }

  function logOf(target: string): { shown: TestLogServer | undefined; path: string } {
    const own = '/v1/manga/log'
    for (const [name, other] of server.mirrored) {
      const path = `${own}/origin/${encodeServerNameSegment(name)}`
      if (target.startsWith(path)) return { shown: other, path: target.slice(path.length) }
    }
    return {
      shown: /^\/v1\/manga\/log\/(?:head|entries)/.test(target) ? server : undefined,
      path: target.slice(own.length),
    }
  }

  origin.answer = (request, response) => void answer(request, response)
  server.put('series', 's1')
  for (let number = 1; number <= chapters; number += 1) server.put('chapter', `c${number}`)
  return server
}

function send(response: ServerResponse, json: JsonObject): void {
  response.setHeader('content-type', 'application/json')
  response.end(encodeCanonical(json))
}
