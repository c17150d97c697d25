import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { SigningKey } from '../crypto/index.ts'
import { type HttpMethod, signRequest } from '../egress/index.ts'
import { encodeCanonical, type JsonObject, type JsonValue, parseStrict } from '../json/index.ts'
import {
  createFederation,
  environment,
  type Federation,
  type FederationOptions,
  memoryStore,
  readRequestBody,
  type Store,
} from '../index.ts'
import { testRepository, type TestRepository } from '../catalog/test-repository.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'

/** Shorter than any request may take: none that begins while the clock moves runs out of time. */
const STEP_MS = 4_000

/** Turns of the event loop without any request after which nothing is under way. */
const QUIET_TURNS = 40

/** What a server answers in place of what it should. */
export interface Answer {
  readonly status?: number
  readonly json?: JsonValue
  readonly text?: string
}

/** A federation on a port of loopback. */
export interface TestServer {
  readonly serverName: string
  readonly federation: Federation
  readonly repository: TestRepository
  readonly store: Store
  /** Requests as they came, decoded: `GET /v1/keys`. */
  readonly requests: string[]
  /**
   * Changes answers: asked before the request is handled, and again with the JSON that would be the answer. Undefined
   * leaves it; `drop` breaks the connection.
   */
  tamper: (request: string, json: JsonValue | undefined) => Answer | 'drop' | undefined
  /** Ends the federation and begins a new one on the same store. */
  restart(): Promise<void>
}

/** Federations on loopback that share a clock. */
export interface TestNetwork {
  readonly time: ManualEnvironment
  serve(options?: Partial<FederationOptions> & { readonly titles?: number }): Promise<TestServer>
  /** Moves the clock, and waits for the requests that this caused. */
  pass(byMs: number): Promise<void>
  /** Moves the clock until something is so. */
  passUntil(isSo: () => Promise<boolean>, maxMs?: number): Promise<void>
}

/** Builds a network that ends with the test. */
export function testNetwork(t: Test): TestNetwork {
  const time = manualEnvironment()
  let underWay = 0

  async function quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS; turns += 1) {
      await time.yieldToOthers()
      if (underWay > 0) turns = 0
    }
  }

  async function pass(byMs: number): Promise<void> {
    const endTs = time.now() + byMs
    await quiet()
    while (time.now() < endTs) {
      await time.advance(Math.min(STEP_MS, endTs - time.now()))
      await quiet()
    }
  }

  async function serve({
    titles = 0,
    ...options
  }: Partial<FederationOptions> & { readonly titles?: number } = {}): Promise<TestServer> {
    const web = createServer((request, response) => {
      underWay += 1
      response.once('close', () => (underWay -= 1))
      void respond(server, federation, request, response)
    })
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      web.closeAllConnections()
      web.close()
    })
    const serverName = `http://127.0.0.1:${(web.address() as AddressInfo).port}/v1`
    const store = memoryStore()
    const repository = testRepository(titles)
    const open = (): Federation =>
      createFederation({
        serverName,
        catalog: repository,
        store: async () => ({ ...store, close: async () => {} }),
        allowInsecure: true,
        allowedPorts: 'any',
        [environment]: time,
        ...options,
      })
    let federation = open()
    const server: TestServer = {
      serverName,
      get federation() {
        return federation
      },
      repository,
      store,
      requests: [],
      tamper: () => undefined,
      async restart() {
        await federation.close()
        federation = open()
        await federation.start()
      },
    }
    t.teardown(() => federation.close())
    await federation.start()
    return server
  }

  return {
    time,
    serve,
    pass,
    async passUntil(isSo, maxMs = 60 * 60 * 1000) {
      const endTs = time.now() + maxMs
      await quiet()
      while (!(await isSo())) {
        if (time.now() > endTs) throw new Error(`It is still not so after ${maxMs / 60_000} minutes.`)
        await pass(STEP_MS)
      }
    },
  }
}

async function respond(
  server: TestServer,
  federation: Federation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url: target = '', headers } = request
  const name = `${method} ${decodeURIComponent(target)}`
  server.requests.push(name)
  const refused = server.tamper(name, undefined)
  if (refused) {
    request.resume()
    return send(response, refused)
  }
  const body = (maxBytes: number): Promise<Uint8Array> => readRequestBody(request, headers, maxBytes)
  const answered = await federation.handle({ method, target, headers, clientAddress: '127.0.0.1', body })
  const chunks: Uint8Array[] = []
  if (answered?.body instanceof Uint8Array) chunks.push(answered.body)
  else if (answered?.body) for await (const chunk of answered.body) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const isJson = answered?.status === 200 && answered.headers['content-type'] === 'application/json'
  const changed = isJson ? server.tamper(name, parseStrict(bytes)) : undefined
  if (changed) return send(response, changed)
  response.writeHead(answered?.status ?? 404, answered?.headers).end(bytes)
}

function send(response: ServerResponse, answer: Answer | 'drop'): void {
  if (answer === 'drop') return void response.destroy()
  const { status = 200, json, text = json === undefined ? '' : encodeCanonical(json) } = answer
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

/** What signs requests in a server's name, without being that server. */
export interface Signer {
  readonly serverName: string
  readonly keyId: string
  readonly signingKey: SigningKey
}

/** Asks a federation, signed or not, and reads the JSON of the answer. */
export async function ask(
  { serverName, federation }: TestServer,
  method: HttpMethod,
  path: string,
  { body, signer, nowTs = 0 }: { readonly body?: JsonValue; readonly signer?: Signer; readonly nowTs?: number } = {},
): Promise<{ readonly status: number; readonly json: JsonObject; readonly headers: Readonly<Record<string, string>> }> {
  const bytes = body === undefined ? undefined : encodeCanonical(body)
  const headers = signer
    ? signRequest({
        method,
        targetUri: `${serverName}${path}`,
        body: bytes && { bytes, contentType: 'application/json' },
        senderName: signer.serverName,
        keyId: signer.keyId,
        key: signer.signingKey,
        now: nowTs,
      })
    : {}
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    if (bytes) yield bytes
  }
  const target = new URL(`${serverName}${path}`).pathname
  const answered = await federation.handle({
    method,
    target,
    headers,
    clientAddress: '192.0.2.1',
    body: (maxBytes) => readRequestBody(chunks(), headers, maxBytes),
  })
  const text = answered?.body instanceof Uint8Array ? Buffer.from(answered.body).toString() : ''
  const json = text === '' ? {} : (JSON.parse(text) as JsonObject)
  return { status: answered?.status ?? 0, json, headers: answered?.headers ?? {} }
}

/** The load balancers that a site tells whoever looks it up. */
export async function advertised({ federation }: TestServer): Promise<JsonValue | undefined> {
  const target = '/.well-known/manga/servers'
  const body = async (): Promise<Uint8Array> => new Uint8Array()
  const answered = await federation.handle({ method: 'GET', target, headers: {}, clientAddress: '192.0.2.1', body })
  return (JSON.parse(Buffer.from(answered?.body as Uint8Array).toString()) as JsonObject)['load-balancers']
}
