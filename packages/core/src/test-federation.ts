import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { testRepository } from './catalog/test-repository.ts'
import { encodeCanonical } from './json/index.ts'
import {
  createFederation,
  environment,
  type Federation,
  type FederationOptions,
  type FederationResponse,
  type JsonObject,
  type JsonValue,
  memoryStore,
  readRequestBody,
  type Store,
} from './index.ts'
import { type ManualEnvironment, manualEnvironment } from './test-environment.ts'

/** An answer of a federation, read to its end. */
export interface TestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The body as JSON. */
  readonly json: JsonObject
}

/** A federation with a clock that the test moves, asked without a network. */
export interface TestFederation {
  readonly federation: Federation
  readonly time: ManualEnvironment
  readonly store: Store
  get(target: string, clientAddress?: string): Promise<TestAnswer>
  /** A body that is not bytes is sent as JSON. */
  post(target: string, body: JsonValue | Uint8Array, clientAddress?: string): Promise<TestAnswer>
}

/** Builds a federation that may ask servers on loopback, unless told otherwise, and closes it after the test. */
export function testFederation(t: Test, options: Partial<FederationOptions> = {}): TestFederation {
  const time = manualEnvironment()
  const store = memoryStore()
  const federation = createFederation({
    serverName: 'http://witness.example:81/v1',
    catalog: testRepository(),
    store: async () => store,
    allowInsecure: true,
    allowedPorts: 'any',
    [environment]: time,
    ...options,
  })
  t.teardown(() => federation.close())

  async function ask(method: string, target: string, bytes: Uint8Array, clientAddress: string): Promise<TestAnswer> {
    const body = (maxBytes: number): Promise<Uint8Array> => readRequestBody(chunksOf(bytes), {}, maxBytes)
    const response = await federation.handle({ method, target, headers: {}, clientAddress, body })
    if (!response) throw new Error(`${target} is not a target of the federation`)
    const chunks: Uint8Array[] = []
    for await (const chunk of chunksOf(response.body)) chunks.push(chunk)
    const answered = Buffer.concat(chunks)
    const { status, headers } = response
    return { status, headers, body: answered, json: JSON.parse(answered.toString()) as JsonObject }
  }

  return {
    federation,
    time,
    store,
    get: (target, clientAddress = '192.0.2.1') => ask('GET', target, new Uint8Array(), clientAddress),
    post: (target, body, clientAddress = '192.0.2.1') =>
      ask('POST', target, body instanceof Uint8Array ? body : encodeCanonical(body), clientAddress),
  }
}

/** A federation that others reach on loopback. */
export interface ServedFederation extends TestFederation {
  /** Ends it as a crash does. */
  kill(): Promise<void>
}

/** Starts a federation on a port of loopback, with that port in its name. */
export async function serveFederation(t: Test, options: Partial<FederationOptions> = {}): Promise<ServedFederation> {
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url: target = '', headers } = request
      const body = (maxBytes: number): Promise<Uint8Array> => readRequestBody(request, headers, maxBytes)
      const answer = await served.federation.handle({ method, target, headers, clientAddress: '127.0.0.1', body })
      response.writeHead(answer?.status ?? 404, answer?.headers)
      for await (const chunk of chunksOf(answer?.body)) response.write(chunk)
      response.end()
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const served = testFederation(t, { serverName: `http://127.0.0.1:${port}/v1`, ...options })
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  t.teardown(kill)
  return { ...served, kill }
}

async function* chunksOf(body: FederationResponse['body']): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else if (body) yield* body
}
