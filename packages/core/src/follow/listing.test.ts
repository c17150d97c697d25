import fc from 'fast-check'
import t from 'tap'
import { encodeCanonical, type JsonObject, parseStrict } from '../json/index.ts'
import { jsonValue } from '../json/test-values.ts'
import { testKey } from '../keys/test-origin.ts'
import { readEntry } from '../log/index.ts'
import { memoryStore, type Store, type StoredObject } from '../store/index.ts'
import { elementsOf } from './listing-elements.ts'
import { readReceivedObject, storedObjectOf } from './received-object.ts'
import { type BareServer, startBareServer } from './test-bare-server.ts'
import { killedStore } from './test-killed-store.ts'
import { type ListingMirror, listingMirror } from './test-listing-mirror.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

async function setUp(t: Parameters<typeof listingMirror>[0]): Promise<{ bare: BareServer; mirror: ListingMirror }> {
  const mirror = await listingMirror(t)
  return { mirror, bare: await startBareServer(t, mirror.time.now()) }
}

/** A catalog of so many series of two chapters each. */
function fill(bare: BareServer, count: number): void {
  for (let number = 1; number <= count; number += 1) {
    bare.putSeries(`s${number}`, `Series ${number}`)
    for (const chapter of ['a', 'b']) bare.putChapter(`s${number}${chapter}`, `s${number}`, `Chapter ${chapter}`)
  }
}

/** Takes series and chapters out of what it lists. */
function drop(bare: BareServer, ...ids: string[]): void {
  for (const map of [bare.series, bare.chapters]) for (const id of ids) map.delete(id)
}

/** What the entries say that are kept beside a mirrored catalog. */
async function changesIn(store: Store, origin: string, since = 0): Promise<string[]> {
  const { entries } = await store.log.page(origin, { since, limit: 256, maxBytes: 2 ** 30 })
  return entries.map(({ bytes }, index) => {
    const { header } = readEntry(parseStrict(bytes))
    return `${header.seq === since + index ? '' : 'out of order: '}${header.op} ${header.kind} ${header.id}`
  })
}

t.test('a server without our extensions is mirrored whole, and its changes and deletions after it', async (t) => {
  const { bare, mirror } = await setUp(t)
  fill(bare, 3)
  t.match(await mirror.pull(bare.serverName), {
    outcome: 'complete',
    message: undefined,
    put: 9,
    deleted: 0,
    requests: 4,
  })
  const held = await mirror.store.catalog.get(bare.serverName, 'chapter', 's2b')
  t.same(decoder.decode(held), decoder.decode(encodeCanonical(bare.chapters.get('s2b')!)))
  const [one, two] = await Promise.all(
    ['(one)', '(two)'].map((search) =>
      mirror.store.catalog.list({ origin: bare.serverName, kind: 'series', search, limit: 10 }),
    ),
  )
  t.same([one?.length, two?.length], [3, 3], 'alternative titles are found in both spellings')

  bare.putSeries('s1', 'Another title')
  bare.chapters.delete('s2a')
  bare.putChapter('s2c', 's2', 'Chapter c', { unsigned: { seen: 1 } })
  drop(bare, 's3', 's3a', 's3b')
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', put: 2, deleted: 4, requests: 3 })
  t.same(await mirror.ids(bare.serverName, 'series'), ['s1', 's2'])
  t.same(await mirror.ids(bare.serverName, 'chapter'), ['s1a', 's1b', 's2b', 's2c'])
  t.notMatch(decoder.decode(await mirror.store.catalog.get(bare.serverName, 'chapter', 's2c')), 'unsigned')
  t.same(await changesIn(mirror.store, bare.serverName, 9), [
    'put series s1',
    'put chapter s2c',
    'delete chapter s2a',
    'delete chapter s3a',
    'delete chapter s3b',
    'delete series s3',
  ])
  t.equal(await mirror.store.log.head(bare.serverName), undefined, 'without a head the entries are served to nobody')
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', put: 0, deleted: 0 })
})

t.test('a listing that did not change is not sent again, and counts as such only while it is held', async (t) => {
  const { bare, mirror } = await setUp(t)
  const { catalog } = mirror.store
  const pull = async (): Promise<string[]> => {
    bare.requests.length = 0
    t.match(await mirror.pull(bare.serverName), { outcome: 'complete' })
    return bare.requests.map((answer) => answer.replace(/[?&]limit=1000/, ''))
  }
  bare.etags = true
  fill(bare, 2)
  // More than one page of what is held.
  for (let number = 100; number < 400; number += 1) bare.putChapter(`s1-${number}`, 's1', `Chapter ${number}`)
  const [series, ofOne, ofTwo] = ['/manga/series', '/manga/chapters?series_id=s1', '/manga/chapters?series_id=s2']
  t.same(await pull(), [`200 ${series}`, `200 ${ofOne}`, `200 ${ofTwo}`])
  t.same(await pull(), [`304 ${series}`, `304 ${ofOne}`, `304 ${ofTwo}`])
  bare.putChapter('s2a', 's2', 'Another title')
  t.same(await pull(), [`304 ${series}`, `304 ${ofOne}`, `200 ${ofTwo}`])
  t.same(await pull(), [`304 ${series}`, `304 ${ofOne}`, `304 ${ofTwo}`])

  const restored = await catalog.state(bare.serverName)
  const deletes = [{ kind: 'chapter', id: 's1a' }] as const
  await catalog.commit(bare.serverName, { expectedSize: restored.size, puts: [], deletes, changedTs: 1 })
  t.same(await pull(), [`304 ${series}`, `200 ${ofOne}`, `304 ${ofTwo}`], 'an older state of the store is noticed')
  t.same((await mirror.ids(bare.serverName, 'chapter')).slice(-4), ['s1a', 's1b', 's2a', 's2b'])

  bare.chapters.set('s2x', { ...(bare.chapters.get('s2a') as JsonObject), id: 's2x' })
  t.same(await pull(), [`304 ${series}`, `304 ${ofOne}`, `200 ${ofTwo}`])
  t.same(await pull(), [`304 ${series}`, `304 ${ofOne}`, `200 ${ofTwo}`], 'what was left out is looked at again')
})

t.test(
  'what is not authentic or not well formed is left out, told in words, and what is held of it stays',
  async (t) => {
    const { bare, mirror } = await setUp(t)
    fill(bare, 2)
    bare.putSeries('r', 'Revised', { revision: 5 })
    await mirror.pull(bare.serverName)
    const before = await mirror.store.catalog.state(bare.serverName)
    const { putSeries, putChapter, sign, series, chapters } = bare
    const original = series.get('s1') as JsonObject
    const cases: [name: string, words: RegExp, publish: () => unknown][] = [
      ['altered', /was altered/, () => series.set('s1', { ...original, metadata: { en: { title: 'x' } } })],
      ['signed by another', /another key/, () => series.set('s1', sign({ ...original }, testKey(8, testKey(7).keyId)))],
      ['unsigned', /no signatures/, () => series.set('s1', { id: 's1', server: bare.serverName, metadata: {} })],
      ['of a server that cannot be asked', /s1/, () => putSeries('s1', 'x', { server: 'http://127.0.0.1:1/v1' })],
      ['a chapter', /has no series_id/, () => putSeries('s1', 'x', { series_id: 's2' })],
      ['a fraction', /whole numbers/, () => series.set('s1', '{"id":"s1","metadata":{},"rating":8.5}')],
      ['too large', /65536 at most/, () => putSeries('s1', 'x'.repeat(22_000))],
      ['far too large', /which no object has/, () => putSeries('s1', 'x'.repeat(70_000))],
      ['no object', /not an object/, () => series.set('s0', '["s1"]')],
      ['no JSON', /"nothing"|without an id/, () => series.set('s0', '{nothing}')],
      ['an id too long', /its id must/, () => putSeries('x'.repeat(256), 'x')],
      ['a key document', /is a key document/, () => putSeries('s1', 'x', { verify_keys: {} })],
      ['no metadata', /its metadata must/, () => putSeries('s1', 'x', { metadata: { en: 'x' } })],
      ['a revision of nothing', /its revision must/, () => putSeries('s1', 'x', { revision: 0 })],
      ['a time of nothing', /its updated_ts must/, () => putSeries('s1', 'x', { updated_ts: -1 })],
      ['an older revision', /revision is 4, and it had 5/, () => putSeries('r', 'x', { revision: 4 })],
      [
        'a chapter of another series',
        /no chapter of the series/,
        () =>
          chapters.set(
            's1a',
            JSON.stringify(
              sign({
                id: 's1a',
                series_id: 's2',
                metadata: {},
              }),
            ),
          ),
      ],
      [
        'a chapter of none',
        /name its series/,
        () => chapters.set('s1a', JSON.stringify(sign({ id: 's1a', metadata: {} }))),
      ],
    ]
    for (const [name, words, publish] of cases) {
      const [seriesBefore, chaptersBefore] = [new Map(series), new Map(chapters)]
      publish()
      const report = await mirror.pull(bare.serverName)
      t.match(report, { outcome: 'complete', put: 0, deleted: 0, message: words }, name)
      t.ok(report.refused > 0, name)
      for (const [map, saved] of [
        [series, seriesBefore],
        [chapters, chaptersBefore],
      ] as const) {
        map.clear()
        for (const [id, object] of saved) map.set(id, object)
      }
    }
    t.same(await mirror.store.catalog.state(bare.serverName), before)

    const junk = Array.from({ length: 10_001 }, (_, number) => String(number))
    series.set('junk', junk.join())
    t.match(await mirror.pull(bare.serverName), { outcome: 'failed', message: /More than 10000 listed objects/ })
    series.delete('junk')

    putSeries('r', 'Without a revision')
    t.match(await mirror.pull(bare.serverName), { put: 1, refused: 0 }, 'one without a revision counts by arrival')
    const other = await startBareServer(t, mirror.time.now())
    bare.series.set('foreign', other.putSeries('foreign', 'Foreign'))
    t.match(await mirror.pull(bare.serverName), { put: 0, refused: 1, message: /is of http/ })
    t.same(await mirror.ids(bare.serverName, 'series'), ['r', 's1', 's2'])
    putChapter('s1a', 's1', 'Listed twice')
    bare.chapters.set('again', bare.chapters.get('s1a') as JsonObject)
    t.match(await mirror.pull(bare.serverName), { put: 1, refused: 1 })
  },
)

t.test('many missing objects wait for the operator’s word', async (t) => {
  const { bare, mirror } = await setUp(t)
  bare.etags = true
  fill(bare, 30)
  await mirror.pull(bare.serverName)
  const chapters = new Map(bare.chapters)
  bare.chapters.clear()
  for (let pass = 1; pass <= 2; pass += 1) {
    const report = await mirror.pull(bare.serverName)
    t.match(report, { outcome: 'needs_confirmation', missing: 60, deleted: 0, message: /60 of 90 .*confirm/ })
  }
  for (const [id, chapter] of [...chapters].slice(0, 20)) bare.chapters.set(id, chapter)
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', missing: 40, deleted: 40 }, 'fewer are removed')
  bare.series.clear()
  bare.chapters.clear()
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', missing: 50 }, 'fifty are few')
  fill(bare, 30)
  await mirror.pull(bare.serverName)
  bare.series.clear()
  t.match(await mirror.pull(bare.serverName), { outcome: 'needs_confirmation', missing: 90 })
  t.match(await mirror.pull(bare.serverName, { confirmRemoval: true }), { outcome: 'complete', deleted: 90 })
  t.same(await mirror.ids(bare.serverName, 'chapter'), [])
})

t.test('a pass that fails half way keeps what came and removes nothing', async (t) => {
  const { bare, mirror } = await setUp(t)
  fill(bare, 2)
  await mirror.pull(bare.serverName)
  bare.series.delete('s2')
  const faults: [name: string, path: string, status: number, body: string, words: RegExp][] = [
    ['an error', '/manga/series', 500, '', /status 500/],
    ['no listing of series', '/manga/series', 404, '', /has no listing/],
    ['an answer that was not asked for', '/manga/series', 304, '', /status 304/],
    ['no array', '/manga/series', 200, '{"series":[]}', /no JSON array/],
    ['nothing', '/manga/series', 200, '', /no JSON array/],
    ['an array that ends too early', '/manga/series', 200, '[{"id":"s1"}', /ends too early/],
    ['a text that does not end', '/manga/series', 200, '[{"id":"s1\\"}]', /ends too early/],
    ['an element that is missing', '/manga/series', 200, '[{"id":"s1"},]', /missing at byte 13/],
    ['more behind the array', '/manga/series', 200, '[] []', /something follows/],
    ['chapters that fail', '/manga/chapters', 503, '', /status 503/],
  ]
  for (const [name, path, status, body, words] of faults) {
    bare.overrides.set(path, (_request, response) => void response.writeHead(status).end(body))
    t.match(await mirror.pull(bare.serverName), { outcome: 'failed', deleted: 0, message: words }, name)
    bare.overrides.clear()
  }
  t.match(await mirror.pull(bare.serverName, { signal: AbortSignal.abort() }), { outcome: 'failed', requests: 0 })
  t.same(await mirror.ids(bare.serverName, 'series'), ['s1', 's2'])

  bare.overrides.set('/manga/chapters', (_request, response) => void response.writeHead(404).end())
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', deleted: 3 }, 'a 404 says nothing of chapters')
  t.same(await mirror.ids(bare.serverName, 'chapter'), ['s1a', 's1b'])

  const { serverName } = bare
  bare.putSeries('s3', 'Series 3')
  await mirror.records.remove(serverName)
  const unfollowed = await mirror.over(mirror.store)
  bare.overrides.set('/manga/series', (_request, response) => {
    void mirror.records.remove(serverName).then(() => response.end(JSON.stringify([...bare.series.values()])))
  })
  t.match(await unfollowed.pull(serverName), { outcome: 'failed', put: 0, message: /not followed any more/ })
})

t.test('pages are followed as long as they lead on, and nowhere else', async (t) => {
  const { bare, mirror } = await setUp(t)
  fill(bare, 5)
  let linkOf = (start: number): string | undefined =>
    start < 4 ? `<?limit=2&from=${start + 2}>; rel="next"` : undefined
  bare.overrides.set('/manga/series', (request, response) => {
    const start = Number(new URL(request.url ?? '', bare.serverName).searchParams.get('from'))
    const link = linkOf(start)
    response.writeHead(200, { etag: '"page"', ...(link === undefined ? {} : { link }) })
    response.end(JSON.stringify([...bare.series.values()].slice(start, start + 2)))
  })
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', put: 15, requests: 8 })
  bare.putSeries('s5', 'The last page')
  t.match(
    await mirror.pull(bare.serverName),
    { outcome: 'complete', put: 1, requests: 8 },
    'an ETag is of one page only',
  )
  linkOf = () => '<https://elsewhere.example/v1/manga/series>; rel="next"'
  t.match(await mirror.pull(bare.serverName), { outcome: 'failed', message: /is not of http/ })
  linkOf = () => '<?from=0>; rel="next"'
  t.match(await mirror.pull(bare.serverName), { outcome: 'failed', message: /never ends/ })
  linkOf = () => '</v1/manga/none>; rel="next"'
  t.match(await mirror.pull(bare.serverName), { outcome: 'failed', message: /page of the listing is missing/ })
  linkOf = () => '<https://[>; rel=next'
  t.match(await mirror.pull(bare.serverName), { outcome: 'failed', message: /is not of http/ })
  linkOf = () => '<?from=8>; rel="prev", <?from=2>; title="next"'
  t.match(await mirror.pull(bare.serverName), { outcome: 'complete', missing: 9 }, 'other links lead nowhere')
})

t.test('a mirror that is killed at any call to its store goes on without loss', async (t) => {
  const { bare, mirror } = await setUp(t)
  fill(bare, 2)
  await mirror.pull(bare.serverName)
  bare.putSeries('s1', 'Another title')
  bare.putChapter('s1c', 's1', 'Chapter c')
  drop(bare, 's2', 's2a', 's2b')
  for (const isLastDone of [false, true]) {
    for (let lastCall = 1, killed = true; killed; lastCall += 1) {
      const store = memoryStore()
      await copyCatalog(mirror, store, bare.serverName)
      const dying = killedStore(store, lastCall, isLastDone)
      const { outcome } = await (
        await mirror.over(dying.store)
      )
        .pull(bare.serverName)
        .catch(() => ({ outcome: 'failed' }))
      killed = outcome === 'failed'
      const revived = await mirror.over(store)
      t.match(await revived.pull(bare.serverName), { outcome: 'complete' })
      t.same(await revived.ids(bare.serverName, 'series'), ['s1'])
      t.same(await revived.ids(bare.serverName, 'chapter'), ['s1a', 's1b', 's1c'])
      t.same(
        (await changesIn(store, bare.serverName, 6)).sort(),
        ['delete chapter s2a', 'delete chapter s2b', 'delete series s2', 'put chapter s1c', 'put series s1'],
        `killed at call ${lastCall}`,
      )
    }
  }
})

/** What one mirror holds, mirrored again into another store. */
async function copyCatalog(mirror: ListingMirror, store: Store, origin: string): Promise<void> {
  const puts: StoredObject[] = []
  for (const kind of ['series', 'chapter'] as const) {
    for (const { bytes } of await mirror.store.catalog.list({ origin, kind, limit: 100 })) {
      puts.push(storedObjectOf(readReceivedObject(kind, parseStrict(bytes)), { seq: puts.length, arrivedTs: 0 }))
    }
  }
  const { entries } = await mirror.store.log.page(origin, { since: 0, limit: puts.length, maxBytes: 2 ** 30 })
  await store.catalog.commit(origin, {
    expectedSize: 0,
    puts,
    deletes: [],
    changedTs: 0,
    log: {
      entries: entries.map(({ bytes }, index) => ({ ...puts[index]!, bytes, nodes: new Uint8Array() })),
      head: undefined,
      withheld: [],
    },
  })
}

t.test('an array is cut where its elements begin and end, and nowhere else', async (t) => {
  const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/)
  fc.assert(
    fc.property(fc.array(jsonValue, { maxLength: 4 }), space, fc.nat(), (values, gap, cut) => {
      const texts = values.map((value) => JSON.stringify(value))
      const body = encoder.encode(`${gap}[${gap}${texts.join(`${gap},${gap}`)}${gap}]${gap}`)
      const elements = [...elementsOf(body)].map((element) => decoder.decode(element).trim())
      t.same(elements, texts)
      const end = decoder.decode(body).trimEnd().length
      const cutAt = cut % encoder.encode(decoder.decode(body).slice(0, end)).length
      t.throws(() => [...elementsOf(body.subarray(0, cutAt))], { code: 'bad_response' })
    }),
  )
})
