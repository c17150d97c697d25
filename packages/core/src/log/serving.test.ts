import t from 'tap'
import { concatBytes, joinBytes } from '../bytes.ts'
import { sha256 } from '../crypto/index.ts'
import { createDispatcher, createMatcher, mountRoutes } from '../http/index.ts'
import { encodeCanonical, type JsonObject, parseStrict } from '../json/index.ts'
import { silentLogger } from '../logger.ts'
import { decodeServerNameSegment, encodeServerNameSegment } from '../names/index.ts'
import { memoryStore, type Store } from '../store/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import {
  createLogReader,
  encodeLogPage,
  leafHash,
  logRoutes,
  makeEntry,
  openOwnLog,
  pageOf,
  startFollowing,
  verifyPage,
} from './index.ts'
import { testFollower } from './test-follower.ts'
import { loadedKey, NOW_TS, publicKeys } from './test-log.ts'

const serverName = 'https://manga.example.com/v1'
const other = 'https://other.example.com/v1'
const OWN = '/v1/manga/log'
const OTHERS = `${OWN}/origin/${encodeServerNameSegment(other)}`
const trust = { keys: publicKeys([loadedKey(1)]), nowTs: NOW_TS }

/** Gives a store the log of a server: chapters of about so many bytes each, all in one commit. */
async function fillLog(store: Store, name: string, sizes: readonly number[]): Promise<void> {
  const log = await openOwnLog({
    serverName: name,
    store,
    keys: { active: () => [loadedKey(1)] },
    firstEpoch: 1,
    environment: manualEnvironment(NOW_TS),
    logger: silentLogger,
  })
  const puts = sizes.map((size, index) => {
    const id = `c${index}`
    const bytes = encodeCanonical({ id, server: name, series_id: 's', revision: 1, padding: 'x'.repeat(size) })
    const facts = { contentHash: sha256(bytes), locales: '|en|', searchText: '' }
    const object = {
      kind: 'chapter' as const,
      id,
      seriesId: 's',
      revision: 1,
      updatedTs: NOW_TS,
      bytes,
      mirrorOf: undefined,
    }
    return { object: { ...object, ...facts }, sha256: sha256(bytes) }
  })
  await log.commit({ expectedSize: 0, puts, deletes: [], changedTs: NOW_TS })
  await log.stop()
}

/** Opens the log 7 hours later, when its head is due to be signed anew. */
async function openLater(store: Store): Promise<void> {
  const log = await openOwnLog({
    serverName,
    store,
    keys: { active: () => [loadedKey(1)] },
    firstEpoch: 1,
    environment: manualEnvironment(NOW_TS + 7 * 60 * 60 * 1000),
    logger: silentLogger,
  })
  await log.stop()
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly json: JsonObject
}

/** Asks the log's routes over a store. */
function asking(store: Store): (target: string, headers?: Record<string, string>) => Promise<Answer> {
  const handle = createDispatcher({
    match: createMatcher(mountRoutes(logRoutes, '/v1')),
    parts: () => ({ serverName, logReader: createLogReader(store.log) }),
    decodeServerName: (raw) => decodeServerNameSegment(raw, { allowInsecure: false }),
    logger: silentLogger,
  })
  return async (target, headers = {}) => {
    const body = async (): Promise<Uint8Array> => new Uint8Array()
    const response = await handle({ method: 'GET', target, headers, clientAddress: '192.0.2.1', body })
    if (!response) throw new Error(`No answer: ${target}`)
    const bytes = await wholeOf(response.body ?? new Uint8Array())
    const json = bytes.length === 0 ? {} : (parseStrict(bytes) as JsonObject)
    return { status: response.status, headers: response.headers, body: bytes, json }
  }
}

async function wholeOf(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return concatBytes(pieces)
}

/** The store as one that joins the entries of a page itself. */
function joining(store: Store): Store {
  const comma = new TextEncoder().encode(',')
  return {
    ...store,
    log: {
      ...store.log,
      async page(origin, request) {
        const page = await store.log.page(origin, request)
        const members = page.entries.flatMap(({ body }, index) =>
          body ? [concatBytes([new TextEncoder().encode(`"${request.since + index}":`), body])] : [],
        )
        const headers = page.entries.map(({ bytes }) => bytes)
        return { ...page, joined: { headers: joinBytes(headers, comma), bodies: joinBytes(members, comma) } }
      },
    },
  }
}

t.test('a page that the store joined is the same, byte for byte, short or long', async (t) => {
  const store = memoryStore()
  await fillLog(store, serverName, [10, 20_000, 20_000, 20_000, 20_000, 10])
  for (const query of ['', '?limit=1', '?since=1&limit=3', '?since=5', '?since=6']) {
    const [joined, whole] = [
      await asking(joining(store))(`${OWN}/entries${query}`),
      await asking(store)(`${OWN}/entries${query}`),
    ]
    t.same(joined, whole, query)
    t.equal(joined.headers['content-length'], String(joined.body.length), query)
  }
})

t.test('a head has a name, is not kept by caches unasked, and is 304 to who has it', async (t) => {
  const store = memoryStore()
  await fillLog(store, serverName, [10, 10, 10])
  const get = asking(store)
  const { status, headers, json, body } = await get(`${OWN}/head`)
  t.equal(status, 200)
  t.match(json, { type: 'fm.head.v1', server_name: serverName, epoch: 1, size: 3 })
  t.same(body, await store.log.head(serverName), 'byte for byte as it is stored')
  t.match(headers, { 'cache-control': 'public, no-cache', 'access-control-allow-origin': '*', etag: /^"[\w+/]{22}"$/ })
  const had = { 'if-none-match': headers.etag! }
  for (const target of [`${OWN}/head`, `${OWN}/entries`, `${OWN}/entries?since=2&limit=1`]) {
    t.match(await get(target, had), { status: 304, headers: { etag: headers.etag }, body: new Uint8Array() }, target)
    t.equal((await get(target, { 'if-none-match': '"another"' })).status, 200)
  }
  await openLater(store)
  t.equal((await get(`${OWN}/head`, had)).status, 200, 'signed anew, it is another one')
})

t.test('pages hold what was asked for, are joined from stored bytes, and lead to the head', async (t) => {
  const store = memoryStore()
  await fillLog(
    store,
    serverName,
    Array.from({ length: 300 }, () => 10),
  )
  const get = asking(store)
  const cases: [query: string, start: number, entries: number][] = [
    ['', 0, 256],
    ['?since=0', 0, 256],
    ['?limit=7', 0, 7],
    ['?since=250&limit=256', 250, 50],
    ['?since=299', 299, 1],
    ['?since=300', 300, 0],
  ]
  for (const [query, start, count] of cases) {
    const { status, json } = await get(`${OWN}/entries${query}`)
    t.match({ status, start: json.start }, { status: 200, start }, query)
    t.equal((json.entries as JsonObject[]).length, count, query)
    t.equal(Object.keys(json.bodies as JsonObject).length, count, 'with all bodies')
  }
  const first = await get(`${OWN}/entries?limit=1`)
  t.match(
    verifyPage(pageOf(first.json), startFollowing(serverName), trust, () => true),
    { verified: true, head: { size: 300 } },
  )
  const object = await store.catalog.get(serverName, 'chapter', 'c0')
  t.ok(Buffer.from(first.body).includes(`"bodies":{"0":${Buffer.from(object!).toString()}}`), 'the signed bytes')
  const follower = testFollower(createLogReader(store.log), serverName, () => trust)
  await follower.catchUp(17)
  t.equal(follower.objects.size, 300)
})

t.test('what cannot be answered is refused with a code and words', async (t) => {
  const store = memoryStore()
  await fillLog(store, serverName, [10])
  const get = asking(store)
  const cases: [target: string, status: number, code: string, message: RegExp][] = [
    [`${OWN}/entries?since=2`, 416, 'future_cursor', /has 1 entries, so none can follow the first 2/],
    [`${OWN}/entries?since=9007199254740991`, 416, 'future_cursor', /none can follow/],
    [`${OWN}/entries?since=9007199254740992`, 400, 'invalid_parameter', /since is a whole number/],
    [`${OWN}/entries?since=-1`, 400, 'invalid_parameter', /since/],
    [`${OWN}/entries?since=0x1`, 400, 'invalid_parameter', /since/],
    [`${OWN}/entries?since=`, 400, 'invalid_parameter', /since/],
    [`${OWN}/entries?since=0&since=1`, 400, 'invalid_parameter', /once/],
    [`${OWN}/entries?limit=0`, 400, 'invalid_limit', /from 1 to 256/],
    [`${OWN}/entries?limit=257`, 400, 'invalid_limit', /from 1 to 256/],
    [`${OTHERS}/head`, 404, 'not_mirrored', /no log of https:\/\/other\.example\.com/],
    [`${OTHERS}/entries?since=5`, 404, 'not_mirrored', /no log of/],
    [`${OWN}/origin/nonsense/head`, 400, 'invalid_server_name', /./],
  ]
  for (const [target, status, code, message] of cases) {
    t.match(await get(target), { status, json: { error_code: code, message } }, target)
  }
})

t.test(
  'a mirror shows another log under its own head, and what it holds beyond that when the head is there',
  async (t) => {
    const store = memoryStore()
    await fillLog(store, other, [10, 10, 10])
    const get = asking(store)
    const { json: head, headers } = await get(`${OTHERS}/head`)
    t.match(head, { server_name: other, size: 3 })
    t.equal((await get(`${OTHERS}/head`, { 'if-none-match': headers.etag! })).status, 304)
    t.equal(
      (await get(`${OWN}/origin/${encodeServerNameSegment(serverName)}/head`)).status,
      404,
      'it has none of its own',
    )

    const { bytes } = makeEntry({
      serverName: other,
      seq: 3,
      ts: NOW_TS,
      op: 'put',
      kind: 'chapter',
      id: 'c9',
      revision: 1,
      body: { sha256: sha256('withheld'), size: 8 },
    })
    await store.catalog.commit(other, {
      expectedSize: 3,
      puts: [],
      deletes: [],
      changedTs: NOW_TS,
      log: {
        entries: [{ kind: 'chapter', id: 'c9', bytes, nodes: leafHash(bytes) }],
        head: undefined,
        withheld: [{ kind: 'chapter', id: 'c9', seq: 3 }],
      },
    })
    t.match((await get(`${OTHERS}/entries`)).json, { entries: { length: 3 }, head: { size: 3 } })
    t.match(await get(`${OTHERS}/entries?since=4`), { status: 416 })
  },
)

t.test('a page is as long as allowed at most, and has one entry at least', async (t) => {
  const store = memoryStore()
  await fillLog(
    store,
    serverName,
    Array.from({ length: 40 }, (_, index) => index * 1000),
  )
  const reader = createLogReader(store.log)
  for (const maxBytes of [1, 30_000, 60_000, 200_000, 400_000]) {
    let since = 0
    while (since < 40) {
      const page = await reader.page(serverName, { since, limit: 256, maxBytes })
      const { length } = encodeLogPage(page, other)
      t.ok(
        length <= maxBytes || page.entries.length === 1,
        `${page.entries.length} entries from ${since}, ${length} bytes`,
      )
      t.ok(page.entries.length > 0)
      since += page.entries.length
    }
  }
})

t.test('a pushed page says whose log it is', async (t) => {
  const store = memoryStore()
  await fillLog(store, serverName, [10, 10])
  const page = await createLogReader(store.log).page(serverName, { since: 1, limit: 1, maxBytes: 4 * 1024 * 1024 })
  const { origin, ...rest } = parseStrict(encodeLogPage(page, serverName)) as JsonObject
  t.equal(origin, serverName)
  t.same(rest, parseStrict(encodeLogPage(page)))
  t.same(Object.keys(rest).sort(), ['bodies', 'entries', 'head', 'proof', 'start'])
})
