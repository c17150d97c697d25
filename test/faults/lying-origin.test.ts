import {
  createFederation,
  encodeBase64,
  type Federation,
  type FederationResponse,
  importSigningKey,
  type JsonObject,
  type JsonValue,
  memoryStore,
  type Store,
} from '@manga-federation/core'
import t, { type Test } from 'tap'
import { siteDatabase } from './changes.ts'
import { LIES, type LogPage, type Truth } from './lies.ts'
import { serve } from './serve.ts'
import { readStored } from './stored.ts'

const SEED = new Uint8Array(32).fill(7)

/** What the database had seen when it signed the first head, when the follower last heard the truth, and now. */
const CHANGES = { atFirst: 10, heard: 20, now: 40 } as const

/** An origin whose answers about its log are replaced. */
interface Liar {
  readonly serverName: string
  readonly federation: Federation
  /** Brings its database to this number of changes. */
  change(to: number): Promise<void>
  /** What it answers about its log from now on; undefined: the truth. */
  lie: { readonly head: JsonValue; readonly page: FederationResponse['body'] } | undefined
}

interface Follower {
  readonly federation: Federation
  readonly store: Store
}

for (const { name, tell, says, state } of LIES) {
  void t.test(`An origin that ${name}`, async (t) => {
    const { origin, follower, truth } = await openLiar(t)
    const before = await readStored(follower.store, origin.serverName)
    const page = tell(truth)
    origin.lie = { head: headBefore(page, truth), page: encode(page) }
    t.match(await follower.federation.check(origin.serverName), { state, lastError: says })
    t.strictSame(await readStored(follower.store, origin.serverName), before, 'nothing of it is stored')
  })
}

void t.test('An origin that sends a page without end', async (t) => {
  const { origin, follower, truth } = await openLiar(t)
  const before = await readStored(follower.store, origin.serverName)
  origin.lie = { head: truth.page.head, page: endless() }
  t.match(await follower.federation.check(origin.serverName), {
    state: 'incomplete',
    lastError: /longer than|too large/i,
  })
  t.strictSame(await readStored(follower.store, origin.serverName), before, 'nothing of it is stored')
})

void t.test('An origin that comes back to the truth is followed on', async (t) => {
  const { origin, follower, truth } = await openLiar(t)
  origin.lie = { head: truth.page.head, page: encode(['nonsense']) }
  t.match(await follower.federation.check(origin.serverName), { lastError: /did not answer with its log/ })
  origin.lie = undefined
  const size = Number((await headOf(origin))['size'])
  t.match(await follower.federation.check(origin.serverName), { state: 'fresh', size, lastError: undefined })
  t.ok(size > truth.page.start)
})

/** An origin with changes that its follower has not heard of yet. */
async function openLiar(t: Test): Promise<{ origin: Liar; follower: Follower; truth: Truth }> {
  const origin = await openOrigin(t)
  const smaller = await headOf(origin)
  await origin.change(CHANGES.heard)
  const follower = openFollower(t)
  await follower.federation.follow(origin.serverName)
  await follower.federation.check(origin.serverName)
  const held = await headOf(origin)
  const second = await openOrigin(t, origin.serverName)
  await second.change(CHANGES.heard)
  const other = await openOrigin(t)
  await other.change(CHANGES.now)
  // It says nothing new until it lies.
  origin.lie = { head: held, page: encode(['nothing']) }
  await origin.change(CHANGES.now)
  const truth = {
    page: await pageOf(origin, Number(held['size'])),
    others: await pageOf(other, Number(held['size'])),
    heads: { smaller, second: await headOf(second) },
    serverName: origin.serverName,
    keyId: Object.keys((held['signatures'] as JsonObject)[origin.serverName] as JsonObject)[0]!,
    key: importSigningKey(SEED),
  }
  return { origin, follower, truth }
}

/** @param name - that of another origin, to be a second one under its name. Default is its own. */
async function openOrigin(t: Test, name?: string): Promise<Liar> {
  const { server, port } = await serve({ handle: (request) => handle(request) })
  const serverName = name ?? `http://127.0.0.1:${port}/v1`
  const database = siteDatabase(CHANGES.atFirst)
  const store = memoryStore()
  const seed = encodeBase64(SEED)
  const options = { serverName, catalog: database, seed, allowInsecure: true, allowedPorts: 'any' } as const
  const federation = createFederation({ ...options, store: async () => store })
  await federation.start()
  t.teardown(async () => {
    await federation.close()
    server.closeAllConnections()
    server.close()
  })
  const handle: Federation['handle'] = (request) => {
    const { lie } = origin
    const asked = /\/manga\/log\/(\w+)/.exec(request.target)?.[1]
    if (!lie || asked === undefined) return federation.handle(request)
    if (asked === 'events') return { status: 404, headers: {}, body: undefined }
    return { status: 200, headers: {}, body: asked === 'head' ? encode(lie.head) : lie.page }
  }
  const origin: Liar = {
    serverName,
    federation,
    async change(to) {
      await federation.catalog.changed({ chapters: database.advanceTo(to) })
    },
    lie: undefined,
  }
  return origin
}

/** A follower that nobody can reach, so that it hears only what it asks for. */
function openFollower(t: Test): Follower {
  const store = memoryStore()
  const federation = createFederation({
    serverName: 'http://127.0.0.1:1/v1',
    catalog: siteDatabase(0),
    store: async () => store,
    allowInsecure: true,
    allowedPorts: 'any',
  })
  t.teardown(() => federation.close())
  return { federation, store }
}

/** The head that an origin signed last. */
function headOf({ federation }: Liar): Promise<JsonObject> {
  return getJson<JsonObject>(federation, '/v1/manga/log/head')
}

function pageOf({ federation }: Liar, since: number): Promise<LogPage> {
  return getJson<LogPage>(federation, `/v1/manga/log/entries?since=${since}`)
}

async function getJson<T>(federation: Federation, target: string): Promise<T> {
  const request = { method: 'GET', target, headers: {}, clientAddress: '127.0.0.1', body: async () => new Uint8Array() }
  const body = (await federation.handle(request))?.body
  if (!(body instanceof Uint8Array)) throw new Error(`${target} is not answered with bytes.`)
  return JSON.parse(Buffer.from(body).toString()) as T
}

/** The head that goes before a page: a page without entries shows nothing but its head. */
function headBefore(page: JsonValue, truth: Truth): JsonValue {
  return isLogPage(page) && page.entries.length === 0 ? page.head : truth.page.head
}

function isLogPage(page: JsonValue): page is LogPage {
  return typeof page === 'object' && page !== null && !Array.isArray(page) && 'entries' in page
}

function encode(value: JsonValue): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

async function* endless(): AsyncGenerator<Uint8Array> {
  const chunk = encode({ start: 0, entries: 'x'.repeat(64 * 1024) })
  for (;;) yield chunk
}
