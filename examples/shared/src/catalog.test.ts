import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { gunzipSync, gzipSync } from 'node:zlib'
import { readFile, writeFile } from 'node:fs/promises'
import { repositorySuite } from '@manga-federation/testing'
import t, { type Test } from 'tap'
import { parseCatalogLine, UnusableLine } from './catalog-line.ts'
import { makeUpChapters, type ChapterRuleInput } from './chapter-rule.ts'
import type { NewChapter } from './chapter.ts'
import { fillSite } from './fill-site.ts'
import { siteCatalog } from './site-catalog.ts'
import { openSiteDatabase, type ChapterRow } from './site-database.ts'
import { siteLibrary } from './site-library.ts'
import type { SiteStart } from './test-site-starter.ts'

const REAL_CATALOG = fileURLToPath(new URL('../../../../shared/data/manga-series.ndjson.gz', import.meta.url))

/** A site as after its start, with what it said about the catalog file. */
async function startSite(t: Test, dataDir: string, catalogFile?: string) {
  const database = openSiteDatabase(dataDir)
  t.teardown(() => database.close())
  const library = siteLibrary(database)
  const problems: string[] = []
  await fillSite(database, library, catalogFile, (problem) => problems.push(problem))
  const all = { offset: 0, limit: 1_000_000 }
  const chaptersOf = (seriesId: string): ChapterRow[] => library.listChapters(seriesId, all)
  return { library, catalog: siteCatalog(database), problems, series: library.listSeries('', all), chaptersOf }
}

/** All pages of a listing. */
async function everything<T>(
  list: (page: { cursor?: string; limit: number }) => Promise<{ items: T[]; next?: string }>,
) {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit: 7, ...(cursor !== undefined && { cursor }) })
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== undefined)
  return items
}

t.test('The built-in catalog has what a real one has', async (t) => {
  const site = await startSite(t, t.testdir())
  const chapters = await everything((page) => site.catalog.listChapters(page))
  const all = await everything((page) => site.catalog.listSeries(page))

  t.ok(all.length >= 40, 'at least 40 series')
  t.equal(new Set(all.map(({ id }) => id)).size, all.length)
  for (const { id, metadata } of all) {
    t.ok(metadata['ja']?.title && metadata['en']?.title, `${id} has a Japanese and an English title`)
    t.ok(
      metadata['en']?.authors?.length && metadata['en'].status && metadata['en'].original_language,
      `${id} has facts`,
    )
    t.ok(site.chaptersOf(id).length > 0, `${id} has chapters`)
  }
  for (const language of ['fr', 'es', 'de'])
    t.ok(
      all.some(({ metadata }) => metadata[language]),
      `titles in ${language}`,
    )

  t.ok(
    site.chaptersOf('yotsuba').some(({ number }) => number === '2.5'),
    'an "x.5"',
  )
  const second = site.chaptersOf('one-piece').filter(({ number, language }) => number === '2' && language === 'en')
  t.equal(new Set(second.map(({ release_group }) => release_group)).size, 2, 'two groups on one number')
  const restarting = site.chaptersOf('20th-century-boys').map(({ volume, number }) => `${volume}/${number}`)
  t.strictSame(restarting, ['1/1', '1/2', '1/3', '2/1', '2/2', '2/3', '2/4', '3/1', '3/2'], 'a volume reset, in order')
  const oneShot = chapters.find(({ seriesId }) => seriesId === 'look-back')
  t.match(oneShot?.metadata, { en: { title: 'One-shot', sort_id: 0 } }, 'a one-shot')
  t.notOk(oneShot?.metadata['en']?.chapter, 'without a number')
})

t.test('The repository keeps every promise of a CatalogRepository', async (t) => {
  const { catalog } = await startSite(t, t.testdir())
  repositorySuite({ test: (name, run) => void t.test(name, run), repository: catalog, sampleSize: Infinity })
})

t.test('Several processes may start at once over a folder that is still empty', async (t) => {
  const folder = t.testdir()
  const expected = (await startSite(t, join(folder, 'alone'))).series.length
  const start: SiteStart = {
    dataDir: join(folder, 'together'),
    there: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    all: 4,
  }
  const starters = Array.from({ length: start.all }, async () => {
    const thread = new Worker(new URL('test-site-starter.ts', import.meta.url), { workerData: start })
    const [found] = await once(thread, 'message')
    return found
  })
  t.strictSame(await Promise.all(starters), Array(start.all).fill(expected))
})

t.test('The repository finds nothing by a text that only resembles an id', async (t) => {
  const { catalog } = await startSite(t, t.testdir())
  for (const id of ['', '0', '01', '1.0', ' 1', '1e0', '-1', 'x', '999999', '9'.repeat(40)]) {
    t.equal(await catalog.getChapter(id), undefined, `no chapter ${JSON.stringify(id)}`)
    t.equal(await catalog.getSeries(id), undefined, `no series ${JSON.stringify(id)}`)
  }
})

t.test('The id of a deleted chapter is never given to another one', async (t) => {
  const { library, chaptersOf } = await startSite(t, t.testdir())
  const chapter: NewChapter = { seriesId: 'yotsuba', number: '9', language: 'en', publishedAt: '2026-01-01T00:00:00Z' }
  const id = library.addChapter(chapter, 'continuous')
  library.removeChapter(id)
  t.ok(library.addChapter(chapter, 'continuous') > id)
  t.equal(chaptersOf('yotsuba').filter(({ number }) => number === '9').length, 1)
})

t.test('The dirt of real catalogs is tidied', (t) => {
  const { series, chapterRule } = parseCatalogLine(
    JSON.stringify({
      id: 'md1',
      title: '  Rock &amp; Roll &rsquo;n&eacute;e ',
      alternative_titles: ['R&B &copyright', 'ロック', '락', ' ', 'Rock & Roll ’née'],
      authors: ['A &times; B'],
      languages: ['fr', ' ', 'en', 'fr'],
      genre: ['Drama'],
      format: ['Oneshot'],
      demographic: ['Josei'],
      mangaupdates: '1',
      myanimelist: '2',
      anilist: '3',
      animeplanet: 'rock',
      kitsu: '4',
    }),
  )
  t.strictSame(series, {
    id: 'md1',
    titles: { en: 'Rock & Roll ’née', ja: 'ロック', ko: '락' },
    alternativeTitles: ['R&B &copyright'],
    authors: ['A × B'],
    genres: ['Drama'],
    tags: ['Oneshot', 'Josei'],
    links: { al: '3', ap: 'rock', kt: '4' },
    mangaupdates: '1',
    myanimelist: '2',
  })
  t.strictSame(chapterRule, { id: 'md1', languages: ['en', 'fr'], isOneShot: true })
  t.end()
})

t.test('A broken line is refused in words', (t) => {
  const cases = [
    { line: '{"id":"a"', says: 'it is not JSON' },
    { line: '[]', says: 'it is not a JSON object' },
    { line: 'null', says: 'it is not a JSON object' },
    { line: '{"title":"A"}', says: 'it needs an id of 1 to 255 characters' },
    { line: `{"id":"${'a'.repeat(256)}","title":"A"}`, says: 'it needs an id of 1 to 255 characters' },
    { line: '{"id":7,"title":"A"}', says: 'its id is not text' },
    { line: '{"id":"a","title":" &nbsp; "}', says: 'it needs a title' },
    { line: '{"id":"a","title":"A","authors":"B"}', says: 'its authors is not a list of texts' },
    { line: '{"id":"a","title":"A","genre":[1]}', says: 'its genre is not a list of texts' },
  ]
  for (const { line, says } of cases) t.throws(() => parseCatalogLine(line), new UnusableLine(says), line.slice(0, 40))
  t.end()
})

t.test('A catalog file is loaded once, plain or gzip, without its broken lines', async (t) => {
  const lines = [
    '{"id":"a","title":"A\u2028B"}',
    '',
    'broken',
    '{"id":"a","title":"again"}',
    '{"id":"b","title":"漫画"}',
  ]
  const text = Buffer.from(lines.join('\r\n'))
  const files = {
    plain: text,
    gzip: gzipSync(text),
    'plain with a last line end': Buffer.concat([text, Buffer.from('\n')]),
  }
  for (const [name, bytes] of Object.entries(files)) {
    const folder = t.testdir()
    const file = `${folder}/catalog`
    await writeFile(file, bytes)
    const site = await startSite(t, folder, file)
    t.strictSame(
      site.series.map(({ id, title }) => [id, title]),
      [
        ['a', 'A\u2028B'],
        ['b', '漫画'],
      ],
      name,
    )
    t.strictSame(site.problems, [
      `Line 3 of ${file} was left out: it is not JSON.`,
      `Line 4 of ${file} was left out: its id "a" is taken already.`,
    ])
    t.equal((await startSite(t, folder)).series.length, 2, 'a second start loads nothing')
  }
})

t.test('A start that failed half way leaves nothing, and the next one begins anew', async (t) => {
  const folder = t.testdir()
  const file = `${folder}/catalog`
  const many = Array.from({ length: 2000 }, (_, index) => JSON.stringify({ id: `s${index}`, title: `${index}` })).join(
    '\n',
  )
  const whole = gzipSync(many)
  await writeFile(file, whole.subarray(0, whole.length / 2))
  await t.rejects(startSite(t, folder, file), { message: /unexpected end of file/ })
  t.equal((await startSite(t, folder)).series.length, 54, 'filled with the built-in catalog, as if for the first time')
})

t.test('A file without line ends is refused before it fills the memory', async (t) => {
  const folder = t.testdir({ catalog: 'a'.repeat(3 * 1024 * 1024) })
  await t.rejects(startSite(t, folder, `${folder}/catalog`), { message: /it is not an NDJSON file/ })
})

t.test('Made-up chapters are spread as in a real catalog, and are the same at every run', async (t) => {
  const series = await ruleInputs(t)
  const numbers = series.map((input) => Array.from(makeUpChapters(input).chapters))
  t.strictSame(
    numbers.slice(0, 500),
    series.slice(0, 500).map((input) => Array.from(makeUpChapters(input).chapters)),
  )

  const counts = numbers.map((chapters) => chapters.length).toSorted((one, other) => one - other)
  const total = counts.reduce((sum, count) => sum + count)
  const share = (part: number): number => counts[Math.floor(part * counts.length)] ?? 0
  between(t, 'mean', total / counts.length, 11.2, 12)
  t.equal(share(0.5), 2, 'median')
  between(t, '90th percentile', share(0.9), 26, 28)
  between(t, '99th percentile', share(0.99), 113, 127)

  const chapters = numbers.flat()
  between(t, 'extras', chapters.filter(({ number }) => number?.endsWith('.5')).length / total, 0.045, 0.055)
  t.ok(numbers.some(hasGap), 'gaps')
  t.ok(
    series.some((input) => makeUpChapters(input).numbering === 'by-volume'),
    'volume resets',
  )
  t.same(new Set(numbers.flatMap(releasesPerNumber)), new Set([1, 2, 3]), 'one to three groups on a number')
  for (const [index, { isOneShot, languages }] of series.entries()) {
    const own = numbers[index] ?? []
    if (isOneShot && (own.length !== 1 || own[0]?.number !== undefined))
      t.fail('a one-shot is one chapter without a number')
    if (own.some(({ language }) => !(languages.length > 0 ? languages : ['en']).includes(language)))
      t.fail('a language')
  }
})

/** The series of the real catalog where it is at hand, else as many made-up ones. */
async function ruleInputs(t: Test): Promise<ChapterRuleInput[]> {
  if (existsSync(REAL_CATALOG)) {
    const lines = gunzipSync(await readFile(REAL_CATALOG))
      .toString()
      .trimEnd()
      .split('\n')
    return lines.map((line) => parseCatalogLine(line).chapterRule)
  }
  t.comment('../shared/data is not here: measured on made-up series')
  return Array.from({ length: 25_000 }, (_, index) => ({
    id: `series-${index}`,
    languages: index % 3 === 0 ? ['en', 'fr'] : [],
    isOneShot: index % 6 === 0,
  }))
}

function hasGap(chapters: readonly NewChapter[]): boolean {
  return chapters.some(({ number }, index) => Number(number) - Number(chapters[index - 1]?.number ?? number) > 1)
}

function releasesPerNumber(chapters: readonly NewChapter[]): number[] {
  const releases = new Map<string, number>()
  for (const { volume, number } of chapters) {
    const printed = `${volume}/${number}`
    releases.set(printed, (releases.get(printed) ?? 0) + 1)
  }
  return [...releases.values()]
}

function between(t: Test, name: string, value: number, least: number, most: number): void {
  t.ok(value >= least && value <= most, `${name} is ${value}, from ${least} to ${most}`)
}
