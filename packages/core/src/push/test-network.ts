import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { importPublicKey, type PublicKey, sha256 } from '../crypto/index.ts'
import { createHttpClient } from '../egress/index.ts'
import {
  createDispatcher,
  createMatcher,
  createOpenStreams,
  mountRoutes,
  readRequestBody,
  type Route,
} from '../http/index.ts'
import { encodeCanonical, type JsonObject, type JsonValue, parseStrict } from '../json/index.ts'
import {
  createKeyFinder,
  createKeyRing,
  createWitnessPanel,
  keyRoutes,
  type KeyServing,
  loadOwnKeys,
} from '../keys/index.ts'
import { createWorkLimits, type WorkLimits } from '../limits/index.ts'
import {
  createLogReader,
  encodeLogPage,
  type FollowedLog,
  openOwnLog,
  pageOf,
  startFollowing,
  verifyPage,
} from '../log/index.ts'
import type { Logger } from '../logger.ts'
import { decodeServerNameSegment } from '../names/index.ts'
import { createPeerClient, createStrangerLimits, type PeerClient } from '../peers/index.ts'
import { memoryStore, type Store } from '../store/index.ts'
import { silentTelemetry } from '../telemetry/index.ts'
import type { ManualEnvironment } from '../test-environment.ts'
import { createPush, type Push, pushRoutes, type PushServing, type Reception } from './index.ts'

/** What a server says in place of what it should. `lose`: it does all and its answer is lost; `hang`: it says nothing. */
export type Mischief =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly json?: JsonValue }
  | 'lose'
  | 'hang'

/** A line of a log. */
export interface LoggedLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
}

/** A server with keys, a log and push, on a port of loopback. What it follows it only verifies and counts. */
export interface TestServer {
  readonly serverName: string
  readonly store: Store
  readonly push: Push
  readonly peers: PeerClient
  readonly limits: WorkLimits
  /** Requests as they came: `PUT /v1/federation/send/…`. */
  readonly requests: string[]
  readonly lines: LoggedLine[]
  /** Origins that something may be new at, as push said. */
  readonly poked: string[]
  /** Says what became of a page in place of what did. */
  reception: ((size: number) => Reception) | undefined
  /** Decides what happens to a request; undefined lets it be answered. */
  mischief: (request: string) => Mischief | undefined
  /** Publishes so many changes in one commit, and wakes the sender. */
  publish(changes: number, bytesEach?: number): Promise<void>
  /** Follows another server from now on, which is not told of it. */
  follow(origin: TestServer): Promise<void>
  /** How many entries of an origin's log it holds. */
  held(origin: TestServer): number
  /** Entries that each page stored, in order. */
  readonly stored: number[]
  /** Takes entries as if pulled. */
  pull(origin: TestServer, upTo: number): Promise<void>
  /** Its present keys, as others know them. */
  publicKeys(): ReadonlyMap<string, PublicKey>
  /** Ends the streams of events, and all that are opened before it is restarted. */
  endStreams(): void
  /** Ends the process that pushes and begins a new one on the same store. */
  restart(): Promise<void>
}

/** Options of a server. */
export interface TestServerOptions {
  readonly store?: Store
  readonly reachable?: boolean
}

/** Starts a server that ends with the test. */
export async function startServer(
  t: Test,
  time: ManualEnvironment,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const { store = memoryStore(), reachable = true } = options
  const web = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  const serverName = `http://127.0.0.1:${(web.address() as AddressInfo).port}/v1`
  const names = { allowInsecure: true }
  const lines: LoggedLine[] = []
  const write = (level: LoggedLine['level']) => (_details: object, message: string) =>
    void lines.push({ level, message })
  const logger: Logger = { debug() {}, info: write('info'), warn: write('warn'), error: write('error') }

  const client = createHttpClient({ ...names, allowedPorts: 'any', environment: time })
  const keys = await loadOwnKeys({ serverName, store: store.identity, given: undefined, environment: time })
  const ring = createKeyRing({ store: store.remoteKeys, client, environment: time, logger })
  const panel = createWitnessPanel({ witnesses: [], quorum: 2, ring, client, environment: time, logger })
  const finder = createKeyFinder({
    ownKeys: keys,
    ring,
    panel,
    balancersOf: async () => new Set<string>(),
    environment: time,
    logger,
  })
  const log = await openOwnLog({ serverName, store, keys, firstEpoch: 1, environment: time, logger })
  const logReader = createLogReader(store.log)
  const peers = createPeerClient({ client, keys, environment: time })
  const limits = createWorkLimits({ environment: time })
  const poked: string[] = []
  const newPush = (): Push =>
    createPush({
      serverName,
      followers: store.followers,
      logReader,
      client,
      peers,
      reachable,
      tell: () => {},
      poke: (origin) => void poked.push(origin),
      environment: time,
      logger,
      telemetry: silentTelemetry,
      random: () => 0.5,
    })

  const followed = new Map<string, { log: FollowedLog; readonly origin: TestServer }>()
  const stored: number[] = []
  let queue: Promise<unknown> = Promise.resolve()

  async function receive(origin: string, page: JsonValue): Promise<Reception> {
    const known = followed.get(origin)
    if (!known) return { outcome: 'not_followed' }
    const { size } = known.log.range
    if (server.reception) return server.reception(size)
    if ((page as JsonObject).start !== size) return { outcome: 'not_at_start', size }
    const trust = { keys: known.origin.publicKeys(), nowTs: time.now() }
    let entries = 0
    const verdict = verifyPage(pageOf(page), known.log, trust, () => entries++)
    if (!verdict.verified) return { outcome: 'refused', reason: verdict.reason, message: verdict.message, size }
    known.log = verdict.followed
    stored.push(entries)
    return { outcome: 'applied', size: verdict.followed.range.size }
  }

  const parts = (): PushServing & Pick<KeyServing, 'keys'> => ({
    serverName,
    keys,
    finder,
    nonces: store.nonces,
    limits,
    strangers,
    heardFrom: (sender) => server.push.heardFrom(sender),
    names,
    environment: time,
    store,
    following: {
      receive: (origin, page) => {
        const received = queue.then(() => receive(origin, page))
        queue = received
        return received
      },
    },
    push: server.push,
    streams,
    telemetry: silentTelemetry,
  })
  const strangers = createStrangerLimits(time)
  let streams = createOpenStreams()
  const routes = [...pushRoutes, ...keyRoutes.slice(0, 1)] as readonly Route<ReturnType<typeof parts>>[]
  const dispatch = createDispatcher({
    match: createMatcher(mountRoutes(routes, '/v1')),
    parts,
    decodeServerName: (raw) => decodeServerNameSegment(raw, names),
    logger,
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = request
    server.requests.push(`${method} ${target}`)
    const mischief = server.mischief(`${method} ${target}`)
    if (mischief === 'hang') return
    if (typeof mischief === 'object') {
      request.resume()
      response.writeHead(mischief.status, mischief.headers).end(encodeCanonical(mischief.json ?? {}))
      return
    }
    const body = (maxBytes: number): Promise<Uint8Array> => readRequestBody(request, headers, maxBytes)
    const answered = await dispatch({ method, target, headers, clientAddress: '127.0.0.1', body })
    if (mischief === 'lose') return void response.destroy()
    response.writeHead(answered?.status ?? 404, answered?.headers)
    if (answered?.body && !(answered.body instanceof Uint8Array)) {
      const chunks = answered.body[Symbol.asyncIterator]()
      response.on('close', () => void chunks.return?.())
      for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) response.write(step.value)
    } else if (answered?.body) response.write(answered.body)
    response.end()
  }

  let published = 0
  const server: TestServer & { push: Push } = {
    serverName,
    store,
    push: newPush(),
    peers,
    limits,
    requests: [],
    lines,
    poked,
    stored,
    reception: undefined,
    mischief: () => undefined,
    async publish(changes, bytesEach = 100) {
      const { size } = await store.catalog.state(serverName)
      const puts = Array.from({ length: changes }, () => signedObject(serverName, (published += 1), bytesEach))
      await log.commit({ expectedSize: size, puts, deletes: [], changedTs: time.now() })
      server.push.wake()
    },
    async follow(origin) {
      followed.set(origin.serverName, { log: startFollowing(origin.serverName), origin })
      await store.following.put({ serverName: origin.serverName, record: new Uint8Array() })
    },
    held: (origin) => followed.get(origin.serverName)?.log.range.size ?? 0,
    async pull(origin, upTo) {
      const reader = createLogReader(origin.store.log)
      const known = followed.get(origin.serverName)
      const start = known?.log.range.size ?? 0
      const page = await reader.page(origin.serverName, { since: start, limit: upTo - start, maxBytes: 2 ** 23 })
      await receive(origin.serverName, parseStrict(encodeLogPage(page)))
    },
    publicKeys: () =>
      new Map(keys.active().map(({ keyId, signingKey }) => [keyId, importPublicKey(signingKey.publicKey)])),
    endStreams: () => streams.end(),
    async restart() {
      streams.end()
      streams = createOpenStreams()
      await server.push.stop()
      server.push = newPush()
      await server.push.start()
    },
  }
  await server.push.start()
  t.teardown(async () => {
    streams.end()
    await server.push.stop()
    await log.stop()
    await client.close()
    web.closeAllConnections()
    web.close()
  })
  return server
}

/** An object as the writer hands it to the log; nobody here looks at its signatures. */
function signedObject(
  serverName: string,
  number: number,
  bytesEach: number,
): Parameters<Awaited<ReturnType<typeof openOwnLog>>['commit']>[0]['puts'][number] {
  const id = `c${number}`
  const metadata = { en: { title: 'x'.repeat(bytesEach), sort_id: number } }
  const bytes = encodeCanonical({ id, server: serverName, series_id: 's', revision: 1, updated_ts: 1, metadata })
  const contentHash = sha256(bytes)
  const searchable = { locales: '|en|', searchText: '', contentHash, mirrorOf: undefined }
  return {
    object: { kind: 'chapter', id, seriesId: 's', revision: 1, updatedTs: 1, bytes, ...searchable },
    sha256: contentHash,
  }
}

/** Waits until something is so, which other code brings about meanwhile. The test's own time limit ends it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
