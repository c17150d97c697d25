import t, { type Test } from 'tap'
import { type BareServer, startBareServer } from '../follow/test-bare-server.ts'
import { killedStore } from '../follow/test-killed-store.ts'
import { encodeCanonical, type JsonObject } from '../json/index.ts'
import { manualEnvironment } from '../test-environment.ts'
import { republishedId } from './choice.ts'
import type { MirrorProgress } from './progress.ts'
import type { MirroredChange } from './teller.ts'
import { type MirrorSite, mirrorSite, type MirrorSiteOptions, until } from './test-mirror-site.ts'

interface Setup {
  readonly site: MirrorSite
  readonly bare: BareServer
}

async function setUp(t: Test, series: number, options: MirrorSiteOptions = {}): Promise<Setup> {
  const site = await mirrorSite(t, options)
  const bare = await startBareServer(t, site.mirror.time.now())
  for (let number = 1; number <= series; number += 1) {
    bare.putSeries(`s${number}`, `Series ${number}`)
    for (const chapter of ['a', 'b']) bare.putChapter(`s${number}${chapter}`, `s${number}`, `Chapter ${chapter}`)
  }
  await site.mirroring.start()
  await site.pull(bare.serverName)
  return { site, bare }
}

/** What is republished, by the id that it has at its server: the series and chapters as its server signed them. */
async function republished({ published }: MirrorSite): Promise<JsonObject> {
  const objects = [...(await published('series')).values(), ...(await published('chapter')).values()]
  return Object.fromEntries(
    objects.flatMap(({ origin }) => (origin === undefined ? [] : [[(origin as { id: string }).id, origin]])),
  )
}

/** What the server lists of these series. */
function listed(bare: BareServer, choose: (seriesId: string) => boolean = () => true): JsonObject {
  const all = [...bare.series.values(), ...bare.chapters.values()] as (JsonObject & {
    id: string
    series_id?: string
  })[]
  return Object.fromEntries(all.flatMap((item) => (choose(item.series_id ?? item.id) ? [[item.id, item]] : [])))
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  return Buffer.from(encodeCanonical(a)).equals(encodeCanonical(b))
}

async function progressOf({ mirror }: MirrorSite, { serverName }: BareServer): Promise<MirrorProgress> {
  return (await mirror.records.get(serverName))?.mirrored as MirrorProgress
}

/** Takes series and chapters out of what a server lists. */
function drop(bare: BareServer, ...ids: string[]): void {
  for (const map of [bare.series, bare.chapters]) for (const id of ids) map.delete(id)
}

/** Waits until exactly these are republished. */
function untilRepublished(site: MirrorSite, expected: () => JsonObject): Promise<void> {
  return until(async () => isSame(await republished(site), expected()))
}

t.test('what is mirrored is republished where the operator says so, and as long', async (t) => {
  const { site: before, bare } = await setUp(t, 3)
  const { serverName } = bare
  before.repository.series.set('m-own', { id: 'm-own', metadata: { en: { title: 'The site’s own' } } })
  await before.catalog.changed({ series: ['m-own'] })
  before.mirroring.follow(serverName, undefined)
  await before.mirroring.stop()
  t.same(await republished(before), {}, 'nothing at first')

  const site = await mirrorSite(t, { before })
  await site.mirroring.start()
  site.mirroring.follow(serverName, true)
  await untilRepublished(site, () => listed(bare))
  const id = republishedId(serverName, 'chapter', 's2a')
  t.match(id, /^m-[\w-]{22}$/)
  const chapter = bare.chapters.get('s2a') as JsonObject
  t.match((await site.published('chapter')).get(id), {
    id,
    server: 'https://mirror.example/v1',
    series_id: republishedId(serverName, 'series', 's2'),
    metadata: chapter.metadata,
    origin: chapter,
  })

  bare.putSeries('s1', 'Another title')
  bare.putSeries('s4', 'Series 4')
  bare.putChapter('s4a', 's4', 'Chapter a')
  bare.putChapter('s1c', 's1', 'Chapter c')
  drop(bare, 's3', 's3a', 's3b', 's2a')
  await site.pull(serverName)
  await untilRepublished(site, () => listed(bare))

  const other = await startBareServer(t, site.mirror.time.now())
  bare.putSeries('wrapped', 'Of another server', { origin: other.putSeries('o', 'Of another server') })
  await site.pull(serverName)
  t.ok(await site.reading.mirroredObject(serverName, 'series', 'wrapped'))
  bare.putSeries('s5', 'Series 5')
  await site.pull(serverName)
  await untilRepublished(site, () => listed(bare, (series) => series !== 'wrapped'))

  site.mirroring.follow(serverName, false)
  await untilRepublished(site, () => ({}))
  t.same([...(await site.published('series')).keys()], ['m-own', 's1'], 'what is the site’s own stays')
  t.same([...(await site.published('chapter')).keys()], ['s1-1', 's1-1.5'])
  t.same(site.warnings, [])

  site.mirroring.follow(serverName, true)
  await untilRepublished(site, () => listed(bare, (series) => series !== 'wrapped'))
  await site.mirroring.stop()
  const restarted = await mirrorSite(t, { before: site })
  await restarted.mirroring.start()
  bare.putSeries('s6', 'Series 6')
  await restarted.pull(serverName)
  await untilRepublished(restarted, () => listed(bare, (series) => series !== 'wrapped'))
  await restarted.mirroring.stop()
  await site.mirror.records.remove(serverName)
  const anew = await mirrorSite(t, { before: site })
  await anew.mirroring.start()
  await anew.pull(serverName)
  await untilRepublished(anew, () => ({}))
})

t.test('when a server begins a new log, everything is told and compared again, once all of it is here', async (t) => {
  const told: MirroredChange[] = []
  const onMirrored = (change: MirroredChange): void => void told.push(change)
  const { site, bare } = await setUp(t, 2, { onMirrored })
  const { serverName } = bare
  const { store, records } = site.mirror
  site.mirroring.follow(serverName, true)
  await untilRepublished(site, () => listed(bare))
  await site.mirroring.stop()
  const before = await republished(site)

  told.length = 0
  drop(bare, 's1', 's1a', 's1b')
  bare.putChapter('s2c', 's2', 'Chapter c')
  await store.catalog.forget(serverName)
  await records.change(serverName, (record) => ({ ...record, mirrored: { ...record.mirrored, rebuild: true } }))
  const filling = await mirrorSite(t, { before: site, onMirrored })
  await filling.mirroring.start()
  await filling.pull(serverName)
  await filling.mirroring.stop()
  t.same([told, await republished(site)], [[], before], 'not before there is a head over all of it')

  const { size } = await store.catalog.state(serverName)
  await store.log.replaceHead(serverName, size, new Uint8Array(1))
  const filled = await mirrorSite(t, { before: site, onMirrored })
  await filled.mirroring.start()
  await untilRepublished(filled, () => listed(bare))
  await until(() => told.length === 2)
  const ids = { series: ['s2'], chapters: ['s2a', 's2b', 's2c'] }
  t.same(told, [
    { serverName, series: [], chapters: [], begunAnew: true },
    { serverName, ...ids, begunAnew: false },
  ])
})

t.test('a filter chooses series, and chapters of those', async (t) => {
  const { site, bare } = await setUp(t, 3)
  const { serverName } = bare
  const titleOf = (object: JsonObject): string => (object.metadata as { en: { title: string } }).en.title
  const without = (word: string) => (object: JsonObject) => !titleOf(object).includes(word)
  site.mirroring.follow(serverName, without('Series 2'))
  await untilRepublished(site, () => listed(bare, (series) => series !== 's2'))

  bare.putSeries('s2', 'Renamed')
  bare.putSeries('s3', 'Series 2 again')
  await site.pull(serverName)
  await untilRepublished(site, () => listed(bare, (series) => series !== 's3'))

  site.mirroring.follow(serverName, without('Chapter b'))
  const chosen = ['s1', 's1a', 's2', 's2a', 's3', 's3a']
  await until(
    async () =>
      Object.keys(await republished(site))
        .sort()
        .join() === chosen.join(),
  )

  await site.mirroring.stop()
  const withoutFilter = await mirrorSite(t, { before: site })
  await withoutFilter.mirroring.start()
  t.match(withoutFilter.warnings, [/republished by a filter, which has to be given/])
  bare.series.delete('s1')
  bare.chapters.delete('s1a')
  bare.chapters.delete('s1b')
  await withoutFilter.pull(serverName)
  await withoutFilter.mirroring.stop()
  t.same(Object.keys(await republished(site)).sort(), chosen, 'without the filter nothing changes')
  const restarted = await mirrorSite(t, { before: site })
  restarted.mirroring.follow(serverName, without('Series'))
  await untilRepublished(restarted, () => listed(bare, (series) => series === 's2'))

  let isBroken = true
  restarted.mirroring.follow(serverName, () => {
    if (isBroken) throw new Error('no such shelf')
    return true
  })
  await until(() => restarted.warnings.some((warning) => /republishing .* failed .*no such shelf/.test(warning)))
  isBroken = false
  await site.mirror.time.advance(1000)
  await untilRepublished(restarted, () => listed(bare))
  await restarted.mirroring.withdraw(serverName)
  t.same(await republished(restarted), {})
  bare.putSeries('s4', 'Series 4')
  await restarted.pull(serverName)
  await restarted.mirroring.stop()
  t.same(await republished(restarted), {}, 'nor the rule is kept')
})

t.test('the site is told of each change, again when it fails, and never holds up the following', async (t) => {
  const told: MirroredChange[] = []
  let answer = (): unknown => undefined
  const onMirrored = (change: MirroredChange): unknown => (told.push(change), answer())
  const { site, bare } = await setUp(t, 150, { onMirrored })
  const { serverName } = bare
  await until(() => told.length === 2)
  t.ok(told.every(({ series, chapters }) => series.length + chapters.length <= 256))
  t.same(new Set(told.flatMap(({ series }) => series)).size, 150)
  t.same(new Set(told.flatMap(({ chapters }) => chapters)).size, 300)

  const failures = [() => Promise.reject(new Error('rejected')), () => JSON.parse('thrown')]
  answer = () => failures.shift()?.()
  told.length = 0
  bare.putSeries('s1', 'Another title')
  bare.chapters.delete('s2a')
  await site.pull(serverName)
  await until(() => told.length === 1)
  bare.putSeries('s3', 'Another title')
  await site.pull(serverName)
  await until(() => site.warnings.length === 1)
  t.equal(told.length, 1, 'more changes are no reason to hurry')
  await site.mirror.time.advance(1000)
  await until(() => site.warnings.length === 2)
  await site.mirror.time.advance(1000)
  t.equal(told.length, 2, 'the second wait is longer')
  await site.mirror.time.advance(1000)
  await until(() => told.length >= 3 && told.some(({ series }) => series.includes('s3')))
  t.match(told[0], { serverName, series: ['s1'] })
  t.same(told.at(-1)?.chapters, ['s2a'], 'deletions are told, too')
  t.match(site.warnings, [/onMirrored, told of changes of http.* failed .*rejected/, /failed .*JSON/])

  answer = () => new Promise(() => {})
  bare.putSeries('s4', 'Another title')
  await site.pull(serverName)
  await until(() => told.at(-1)?.series.includes('s4') ?? false)
  bare.putSeries('s5', 'Another title')
  await site.pull(serverName)
  await site.mirroring.stop()
  told.length = 0
  answer = () => undefined
  const restarted = await mirrorSite(t, { before: site, onMirrored })
  await restarted.mirroring.start()
  await until(() => told.length === 1)
  t.same(told[0]?.series, ['s4', 's5'], 'what was not taken is told again, and nothing else')
})

t.test('consumers that are killed at any call to the store go on without loss', async (t) => {
  const other = await startBareServer(t, manualEnvironment().now())
  other.putSeries('o', 'Of another server')
  for (const isLastDone of [false, true]) {
    for (let lastCall = 1, isKilled = true; isKilled; lastCall += 1) {
      const told = new Set<string>()
      const onMirrored = ({ series, chapters }: MirroredChange): void => {
        for (const id of [...series, ...chapters]) told.add(id)
      }
      const { site, bare } = await setUp(t, 1)
      // Their own wrapping decides whether their chapters, which stay as they are, are republished.
      bare.putSeries('s3', 'Series 3', { origin: other.series.get('o')! })
      bare.putSeries('s4', 'Series 4')
      for (const series of ['s3', 's4']) bare.putChapter(`${series}a`, series, 'Chapter a')
      await site.pull(bare.serverName)
      site.mirroring.follow(bare.serverName, true)
      await untilRepublished(site, () => listed(bare, (series) => series !== 's3'))
      // Else the comparison of everything begins again, which hides what is missed of changes.
      await until(async () => (await progressOf(site, bare)).republished?.size === 7)
      bare.putSeries('s3', 'Series 3')
      bare.putSeries('s4', 'Series 4', { origin: other.series.get('o')! })
      const expected = (): JsonObject => listed(bare, (series) => series !== 's4')
      bare.putSeries('s2', 'Series 2')
      bare.putChapter('s2a', 's2', 'Chapter a')
      drop(bare, 's1', 's1a', 's1b')
      await site.mirroring.stop()
      await site.pull(bare.serverName)

      const dying = killedStore(site.mirror.store, lastCall, isLastDone)
      const killed = await mirrorSite(t, { before: site, onMirrored, seen: dying.store }).catch(() => undefined)
      await killed?.mirroring.start().catch(() => undefined)
      await until(async () => dying.calls >= lastCall || isSame(await republished(site), expected()))
      await killed?.mirroring.stop()
      isKilled = dying.calls >= lastCall

      const revived = await mirrorSite(t, { before: site, onMirrored })
      await revived.mirroring.start()
      await untilRepublished(revived, expected)
      await until(() => told.size === 9)
      t.same(
        [...told].sort(),
        ['s1', 's1a', 's1b', 's2', 's2a', 's3', 's3a', 's4', 's4a'],
        `killed at call ${lastCall}`,
      )
      await revived.mirroring.stop()
    }
  }
})

t.test('a site’s pages read what is mirrored, page by page over all servers', async (t) => {
  const { site, bare } = await setUp(t, 3)
  const { reading } = site
  const other = await startBareServer(t, site.mirror.time.now())
  other.putSeries('s1', 'Ｏｔｈｅｒ', { metadata: { 'pt-BR': { title: 'Ｏｔｈｅｒ' } } })
  await site.pull(other.serverName)
  const names = [bare.serverName, other.serverName].sort()
  const counts = { [bare.serverName]: { series: 3, chapters: 6 }, [other.serverName]: { series: 1, chapters: 0 } }
  t.same(
    await reading.mirroredOrigins(),
    names.map((serverName) => ({ serverName, ...counts[serverName] })),
  )
  for (const limit of [1, 2, 3, 4, 500]) {
    const seen: string[] = []
    for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page += 1) {
      const { items, next } = await reading.mirrored({ kind: 'series', limit, cursor })
      t.ok(items.length <= limit && items.length > 0)
      seen.push(...items.map(({ origin, id }) => `${origin} ${id}`))
      cursor = next
    }
    const expected = names.flatMap((name) =>
      (name === bare.serverName ? ['s1', 's2', 's3'] : ['s1']).map((id) => `${name} ${id}`),
    )
    t.same(seen, expected, `in pages of ${limit}`)
  }
  const { items } = await reading.mirrored({ kind: 'chapter', origin: bare.serverName, seriesId: 's2' })
  t.match(items, [{ id: 's2a', kind: 'chapter', object: bare.chapters.get('s2a') }, { id: 's2b' }])
  t.match((await reading.mirrored({ kind: 'series', q: 'other' })).items, [{ origin: other.serverName, id: 's1' }])
  t.match((await reading.mirrored({ kind: 'series', locale: 'PT' })).items, [{ origin: other.serverName }])
  t.match(await reading.mirroredObject(bare.serverName, 'series', 's1'), { object: { server: bare.serverName } })
  t.equal(await reading.mirroredObject(bare.serverName, 'series', 'none'), undefined)
  t.same(await reading.mirrored({ kind: 'series', origin: 'https://unknown.example/v1' }), { items: [] })
  const refusals = [
    [{ limit: 0 }, 'invalid_limit'],
    [{ limit: 501 }, 'invalid_limit'],
    [{ limit: 1.5 }, 'invalid_limit'],
    [{ cursor: 'x' }, 'invalid_cursor'],
    [{ seriesId: 's1' }, 'invalid_parameter'],
    [{ locale: 'no language' }, 'invalid_parameter'],
  ] as const
  for (const [query, code] of refusals) await t.rejects(reading.mirrored({ kind: 'chapter', ...query }), { code })
})
