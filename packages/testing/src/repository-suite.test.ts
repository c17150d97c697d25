import { inspect } from 'node:util'
import type { CatalogRepository, PageRequest } from '@manga-federation/core'
import t from 'tap'
import { repositorySuite, type RepositorySuiteOptions, type TestFunction } from './index.ts'
import {
  byNumberAlone,
  CHAPTERS,
  Decimal,
  Manga,
  NUMBERED,
  positionKeeper,
  rounded,
  selfContaining,
  SERIES,
  pageAfter,
  rightRepository,
  withChapter,
  withSeriesMetadata,
  wrongRepository,
} from './test-repositories.ts'

t.test('a right repository passes', async (t) => {
  repositorySuite({ test: (name, run) => t.test(name, run), repository: rightRepository() })
})

t.test('right repositories of other shapes pass', async (t) => {
  const offset = async ({ cursor = '0', limit }: PageRequest): Promise<unknown> => {
    const end = Number(cursor) + Math.min(limit, 9)
    const items = SERIES.slice(Number(cursor), end)
    return end < SERIES.length ? { items, next: String(end) } : { items, next: undefined }
  }
  const cases: Record<string, Partial<RepositorySuiteOptions> & { repository: CatalogRepository }> = {
    'an empty one': { repository: rightRepository([], []) },
    'one larger than the sample': { repository: rightRepository(), sampleSize: 20 },
    'one with offsets as cursors and pages shorter than the limit': {
      repository: wrongRepository({ listSeries: offset }),
    },
    'one that begins with the newest': {
      repository: wrongRepository({
        listSeries: async ({ cursor = 'z', limit }: PageRequest) => {
          const items = SERIES.filter(({ id }) => id < cursor).slice(-limit)
          return { items: items.toReversed(), next: items[0]?.id }
        },
      }),
    },
    'one whose last page is full and has a `next`': {
      repository: wrongRepository({
        listSeries: async (page: PageRequest) => {
          const { items } = pageAfter(SERIES, page)
          return { items, next: items.at(-1)?.id }
        },
      }),
    },
    'one that is what the site says of it': {
      repository: rightRepository(),
      counts: { series: SERIES.length, chapters: CHAPTERS.length },
      gone: { series: ['s999'], chapters: [] },
      sampleSize: 20,
    },
    'one with ids of 64 bits, as text': { repository: withChapter({ id: '9007199254740993' }) },
    'one whose rows have no prototype and fields that are undefined': {
      repository: withChapter({
        images: undefined,
        metadata: { en: Object.assign(Object.create(null), { chapter: '1' }) },
      }),
    },
  }
  for (const [name, options] of Object.entries(cases)) t.same(await failuresOf(options), {}, name)
})

const [firstSeries] = SERIES
let calls = 0

/** Each mistake, the test that must find it, and what that test must say. */
const MISTAKES: readonly { mistake: string; repository: CatalogRepository; test: string; says: RegExp }[] = [
  {
    mistake: 'pages overlap',
    repository: wrongRepository({
      listSeries: async (page: PageRequest) => {
        const { items, next } = pageAfter(SERIES, page)
        return next === undefined ? { items } : { items, next: items.at(-2)?.id ?? next }
      },
    }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /returned the id "s099" twice in one pass: pages overlap/,
  },
  {
    mistake: 'pages skip an item at their edge',
    repository: wrongRepository({
      listChapters: async (page: PageRequest) => {
        const { items, next } = pageAfter(CHAPTERS, page)
        const following = CHAPTERS.find(({ id }) => next !== undefined && id > next)
        return following === undefined ? { items } : { items, next: following.id }
      },
    }),
    test: 'listChapters: the ids and their order do not depend on the limit',
    says: /pages skip or repeat items at their edges/,
  },
  {
    mistake: 'the cursor is ignored',
    repository: wrongRepository({ listSeries: async ({ limit }: PageRequest) => pageAfter(SERIES, { limit }) }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /began again with "s000": the cursor is ignored/,
  },
  {
    mistake: 'the cursor is ignored, and counts up',
    repository: wrongRepository({
      listSeries: async ({ limit }: PageRequest) => ({ items: SERIES.slice(0, limit), next: String(calls++) }),
    }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /began again with "s000": the cursor is ignored/,
  },
  {
    mistake: 'a join repeats rows',
    repository: wrongRepository({
      listSeries: async (page: PageRequest) =>
        pageAfter(
          SERIES.flatMap((each) => (each.id === 's003' ? [each, each] : [each])),
          page,
        ),
    }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /returned the id "s003" twice on one page: a join repeats rows/,
  },
  {
    mistake: 'the order is descending and the cursor is not',
    repository: wrongRepository({
      listSeries: async ({ cursor, limit }: PageRequest) => {
        const items = SERIES.filter(({ id }) => id > (cursor ?? ''))
          .toReversed()
          .slice(0, limit)
        return items.length === limit ? { items, next: items.at(-1)?.id } : { items }
      },
    }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /twice in one pass: pages overlap|began again with/,
  },
  {
    mistake: 'the order is that of a column that is not unique',
    repository: wrongRepository({ listChapters: byNumberAlone }),
    test: 'listChapters: the ids and their order do not depend on the limit',
    says: /ends after 100 items, but with limit 1000 more follow|pages skip or repeat items/,
  },
  {
    mistake: 'the order is that of numbers, and the cursor is compared as text',
    repository: rightRepository(NUMBERED, []),
    test: 'listSeries: the ids and their order do not depend on the limit',
    says: /pages skip or repeat items/,
  },
  {
    mistake: 'what is deleted is filtered out of a page, which then counts as the last',
    repository: wrongRepository({
      listChapters: async (page: PageRequest) => {
        const { items, next } = pageAfter(CHAPTERS, page)
        const shown = items.filter(({ id }) => id !== 's010-c1')
        return next !== undefined && shown.length === page.limit ? { items: shown, next } : { items: shown }
      },
    }),
    test: 'listChapters: the ids and their order do not depend on the limit',
    says: /with limit 100 ends after 99 items, but with limit 1000 more follow, first "s050-c1"/,
  },
  {
    mistake: 'pages are capped, and a capped page counts as the last',
    repository: wrongRepository({
      listChapters: async ({ limit, ...page }: PageRequest) => {
        const { items, next } = pageAfter(CHAPTERS, { ...page, limit: Math.min(limit, 50) })
        return next !== undefined && items.length === limit ? { items, next } : { items }
      },
    }),
    test: 'listChapters: the ids and their order do not depend on the limit',
    says: /with limit 1000 ends after 50 items, but with limit 7 more follow/,
  },
  {
    mistake: 'empty pages never end',
    repository: wrongRepository({ listSeries: async () => ({ items: [], next: String(calls++) }) }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /never ends: it returned 101 empty pages/,
  },
  {
    mistake: 'one cursor leads to itself',
    repository: wrongRepository({ listSeries: async () => ({ items: [], next: 'more' }) }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says: /never ends: it returned the cursor "more" as `next` twice/,
  },
  {
    mistake: 'the order changes between passes',
    repository: wrongRepository({
      listSeries: async ({ cursor, limit }: PageRequest) => {
        const turned = cursor === undefined && calls++ % 2 === 0
        const page = pageAfter(SERIES, cursor === undefined ? { limit } : { cursor, limit })
        return turned ? { ...page, items: page.items.toReversed() } : page
      },
    }),
    test: 'listSeries: two passes show the same ids in the same order',
    says: /showed another order in its second pass.*Item 1: "s0/s,
  },
  {
    mistake: 'the position is kept between calls',
    repository: wrongRepository({ listSeries: positionKeeper() }),
    test: 'listSeries: the same cursor gets the same page, again and between other requests',
    says: /Keep no position between calls/,
  },
  {
    mistake: 'the limit is exceeded',
    repository: wrongRepository({ listChapters: async () => ({ items: CHAPTERS }) }),
    test: 'listChapters: a pass ends, keeps to the limit and shows no id twice',
    says: /returned 240 items, more than the limit/,
  },
  ...[
    { page: undefined, says: /returned undefined\. Return a page/ },
    { page: SERIES.slice(0, 3), says: /returned an array\. Return a page/ },
    { page: { items: Promise.resolve([]) }, says: /`items` is an object \(Promise\)\. .* is an `await` missing/ },
    { page: { items: [Promise.resolve(firstSeries)] }, says: /returned a Promise as an item.*Promise\.all/ },
    { page: { items: [new Manga()] }, says: /returned an object \(Manga\) as an item\. Return plain records/ },
    { page: { items: [{ id: 7n }] }, says: /`id` is the bigint 7n\. Ids are text/ },
    { page: { items: [{ id: 'undefined' }] }, says: /Is the name of the column right\?/ },
    { page: { items: [], next: 'undefined' }, says: /returned the string 'undefined' as `next`/ },
    { page: { items: [], next: '' }, says: /returned the string '' as `next`/ },
    { page: { items: null }, says: /whose `items` is null\. Make it an array/ },
    { page: { items: [], next: null }, says: /returned null as `next`/ },
    { page: { items: [], next: 7 }, says: /returned the number 7 as `next`/ },
    { page: { items: ['s1'] }, says: /returned the string 's1' as an item/ },
    { page: { items: [{ id: 7 }] }, says: /`id` is the number 7\. Ids are text: make it String\(id\)/ },
    { page: { items: [{ id: '' }] }, says: /has 0 characters/ },
    { page: { items: [{ id: 'x'.repeat(256) }] }, says: /has 256 characters/ },
  ].map(({ page, says }) => ({
    mistake: `the page is ${inspect(page, { depth: 2 }).slice(0, 40)}`,
    repository: wrongRepository({ listSeries: async () => page }),
    test: 'listSeries: a pass ends, keeps to the limit and shows no id twice',
    says,
  })),
  {
    mistake: 'a chapter belongs to a series that is not listed',
    repository: withChapter({ seriesId: 'hidden' }),
    test: 'listChapters: each chapter belongs to a series that listSeries shows',
    says: /belongs to the series "hidden", which listSeries does not show/,
  },
  {
    mistake: 'the chapters of a deleted series are still listed',
    repository: rightRepository(SERIES.slice(1)),
    test: 'listChapters: each chapter belongs to a series that listSeries shows',
    says: /"s000-c1" belongs to the series "s000".*leave its chapters out \(a chapter of a deleted/,
  },
  {
    mistake: 'the id of a chapter’s series was rounded',
    repository: withChapter({ seriesId: '9007199254740992' }),
    test: 'listChapters: each chapter belongs to a series that listSeries shows',
    says: /beyond 2\^53, where JavaScript rounds numbers/,
  },
  {
    mistake: 'ids of 64 bits were rounded',
    repository: wrongRepository({
      listChapters: async () => ({
        items: ['3', '5'].map((n) => ({ ...CHAPTERS[0], id: rounded(`900719925474099${n}`) })),
      }),
    }),
    test: 'listChapters: looking an id up gets the record that the listing shows',
    says: /returned undefined, but listChapters shows that id.*beyond 2\^53, where JavaScript rounds numbers/,
  },
  {
    mistake: 'ids of 64 bits were rounded to the same',
    repository: wrongRepository({
      listChapters: async () => ({
        items: ['2', '3'].map((n) => ({ ...CHAPTERS[0], id: rounded(`900719925474099${n}`) })),
      }),
    }),
    test: 'listChapters: a pass ends, keeps to the limit and shows no id twice',
    says: /twice on one page.*beyond 2\^53, where JavaScript rounds numbers/,
  },
  {
    mistake: 'a record says the time',
    repository: wrongRepository({
      listSeries: async (page: PageRequest) => {
        const { items, ...rest } = pageAfter(SERIES, page)
        return { items: items.map((each) => ({ ...each, metadata: { en: { title: 'x', read: calls++ } } })), ...rest }
      },
    }),
    test: 'listSeries: a record says the same in two passes',
    says: /says of "s000" something else in a second pass: metadata\.en\.read is \d+, then \d+\. .*Leave out what changes/,
  },
  {
    mistake: 'a list has no order',
    repository: wrongRepository({
      listSeries: async (page: PageRequest) => {
        const { items, ...rest } = pageAfter(SERIES, page)
        const tags = page.limit === 100 ? ['a', 'b'] : ['b', 'a']
        return { items: items.map((each) => ({ ...each, metadata: { en: { title: 'x', tags } } })), ...rest }
      },
    }),
    test: 'listSeries: a record says the same in two passes',
    says: /metadata\.en\.tags\.0 is 'a', then 'b'\..*ORDER BY in array_agg/,
  },
  ...[
    { metadata: { en: { title: 'undefined' } }, says: /published with metadata\.en\.title "undefined"/ },
    {
      metadata: { en: { title: 'x', tags: ['by [object Object]'] } },
      says: /metadata\.en\.tags\.0 "by \[object Object\]"/,
    },
    { metadata: { en: { title: 'x', added: String(new Date(NaN)) } }, says: /metadata\.en\.added "Invalid Date"/ },
  ].map(({ metadata, says }) => ({
    mistake: `a text is what String() makes of what is not there: ${says.source}`,
    repository: withSeriesMetadata(metadata),
    test: 'listSeries: no text is what JavaScript makes of a value that is not there',
    says,
  })),
  ...[
    { metadata: {}, says: /metadata must have at least one language/ },
    { metadata: undefined, says: /metadata must have at least one language/ },
    { metadata: { en: null }, says: /metadata\.en must be an object with a title/ },
    { metadata: { en: {} }, says: /metadata\.en\.title is missing/ },
    { metadata: { en: { title: ' ' } }, says: /metadata\.en\.title must be text that is not blank/ },
    { metadata: { en: { title: 'x', added: new Date(0) } }, says: /metadata\.en\.added is a Date/ },
    { metadata: { en: { title: 'x', score: 7.5 } }, says: /metadata\.en\.score is 7\.5/ },
    { metadata: { en: { title: 'x', size: 7n } }, says: /metadata\.en\.size is a bigint/ },
    { metadata: { en: { title: 'x', tags: new Set(['a']) } }, says: /tags must be a list of texts/ },
    { metadata: { en: { title: 'x', tags: ['\ud800'] } }, says: /tags\[0\] has half of a surrogate pair/ },
    { metadata: { en: { title: 'x', score: new Decimal() } }, says: /metadata\.en\.score is a Decimal/ },
    { metadata: { pt_BR: { title: 'x' } }, says: /"pt_BR", which is no language tag/ },
    { metadata: { en: selfContaining() }, says: /deeper than 64 levels/ },
  ].map(({ metadata, says }) => ({
    mistake: `metadata that says: ${says.source}`,
    repository: withSeriesMetadata(metadata),
    test: 'listSeries: the records can be signed and published',
    says,
  })),
  ...[
    {
      differing: { metadata: { en: { chapter: '1', sort_id: new Date(0) } } },
      says: /sort_id must be a whole number.*it is a Date/,
    },
    {
      differing: { metadata: { en: { chapter: '1', sort_id: 1.5 } } },
      says: /sort_id must be a whole number.*it is 1\.5/,
    },
    { differing: { metadata: { en: { title: 'x', chapter: 10.5 } } }, says: /chapter must be text; it is 10\.5/ },
    {
      differing: { metadata: { en: { title: 'x', published_at: new Date(0) } } },
      says: /published_at must be a time such as/,
    },
    {
      differing: { metadata: { en: { chapter: '1', published_at: '2026-01-31 12:00:00+00' } } },
      says: /published_at must be a time such as/,
    },
    { differing: { metadata: { en: { chapter: '1', sort_id: '10500' } } }, says: /sort_id must be a whole number/ },
    { differing: { metadata: { en: { chapter: '1', sort_id: 10500n } } }, says: /sort_id must be a whole number/ },
    { differing: { metadata: { en: { chapter: '1', pages: '24' } } }, says: /pages must be a whole number/ },
    { differing: { metadata: { en: { chapter: new Decimal() } } }, says: /chapter must be text; it is an object/ },
    { differing: { metadata: { en: { chapter: 'null' } } }, says: /chapter is "null", which is no number/ },
    { differing: { metadata: { en: {} } }, says: /neither a title nor a chapter number/ },
    { differing: { seriesId: 7 }, says: /seriesId must be text, not 7/ },
    { differing: { images: 7 }, says: /images must be ipfs:/ },
  ].map(({ differing, says }) => ({
    mistake: `a chapter that says: ${says.source}`,
    repository: withChapter(differing),
    test: 'listChapters: the records can be signed and published',
    says,
  })),
  {
    mistake: 'the look-up disagrees with the listing',
    repository: wrongRepository({
      getSeries: async (id: string) => {
        const found = SERIES.find((each) => each.id === id)
        return found && { ...found, metadata: { en: found.metadata['en'] } }
      },
    }),
    test: 'listSeries: looking an id up gets the record that the listing shows',
    says: /getSeries\("s000"\) disagrees with listSeries: metadata\.ja is .*, then undefined/,
  },
  {
    mistake: 'the look-up does not find what is listed',
    repository: wrongRepository({ getChapter: async () => undefined }),
    test: 'listChapters: looking an id up gets the record that the listing shows',
    says: /returned undefined, but listChapters shows that id/,
  },
  {
    mistake: 'the look-up of an unknown id throws',
    repository: wrongRepository({
      getSeries: async (id: string) => {
        const found = SERIES.find((each) => each.id === id)
        if (found === undefined) throw new Error('invalid input syntax for type integer')
        return found
      },
    }),
    test: 'listSeries: looking an unknown id up gets undefined',
    says: /threw: invalid input syntax for type integer/,
  },
  {
    mistake: 'the look-up of an unknown id returns null',
    repository: wrongRepository({ getSeries: async (id: string) => SERIES.find((each) => each.id === id) ?? null }),
    test: 'listSeries: looking an unknown id up gets undefined',
    says: /returned null\. Return undefined/,
  },
  {
    mistake: 'the look-up puts the id into its SQL',
    repository: wrongRepository({
      getSeries: async (id: string) => (id.includes("' OR '") ? firstSeries : SERIES.find((each) => each.id === id)),
    }),
    test: 'listSeries: looking an unknown id up gets undefined',
    says: /returned a record with another id/,
  },
  ...[
    { mistake: 'parseInt', same: (id: string, asked: string) => parseInt(id) === parseInt(asked) },
    { mistake: 'Number', same: (id: string, asked: string) => Number(id) === Number(asked) },
    { mistake: 'a collation without case', same: (id: string, asked: string) => `s${id}` === asked.toLowerCase() },
    { mistake: 'a column that is padded', same: (id: string, asked: string) => id === asked.trimEnd() },
  ].flatMap(({ mistake, same }) => {
    const prefix = mistake.includes('case') ? 's' : ''
    const series = NUMBERED.map((each) => ({ ...each, id: prefix + each.id }))
    const right = rightRepository(series, [])
    const get = (asked: string) => series.find(({ id }) => same(id.slice(prefix.length), asked))
    const test = 'listSeries: looking up what only resembles an id gets undefined'
    return [
      {
        mistake: `the look-up compares ids by ${mistake}`,
        repository: { ...right, getSeries: async (asked: string) => get(asked) },
        test,
        says: /returned a record with another id \(the string '.*'\)\. Compare ids as a whole and as text/,
      },
      {
        mistake: `the look-up compares ids by ${mistake}, and repeats what it was asked for`,
        repository: {
          ...right,
          getSeries: async (asked: string) => {
            const found = get(asked)
            return found && { ...found, id: asked }
          },
        },
        test,
        says: /returned the record ".*" under another id\. Compare ids/,
      },
    ]
  }),
  {
    mistake: 'the look-up asks for more than an `integer` of SQL',
    repository: wrongRepository({
      getSeries: async (id: string) => {
        if (Number(id) > 2 ** 31 - 1 && Number.isSafeInteger(Number(id)))
          throw new Error('out of range for type integer')
        return SERIES.find((each) => each.id === id)
      },
    }),
    test: 'listSeries: looking an unknown id up gets undefined',
    says: /getSeries\("2147483648"\) threw: out of range for type integer/,
  },
  {
    mistake: 'a call throws before it returns a promise',
    repository: wrongRepository({
      listChapters: () => {
        throw new Error('no such table')
      },
    }),
    test: 'listChapters: a pass ends, keeps to the limit and shows no id twice',
    says: /listChapters\(\{"limit":100\}\) threw: no such table/,
  },
  {
    mistake: 'the database is not there, and its driver says no word',
    repository: wrongRepository({
      listChapters: async () => Promise.reject(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })),
    }),
    test: 'listChapters: a pass ends, keeps to the limit and shows no id twice',
    says: /threw: ECONNREFUSED\. /,
  },
]

for (const { mistake, repository, test, says } of MISTAKES) {
  t.test(`a mistake is found: ${mistake}`, async (t) => {
    const failures = await failuresOf({ repository }, test)
    t.match(failures[test], says)
  })
}

t.test('a mistake is found: a promise is never settled', async (t) => {
  const never = () => new Promise(() => {})
  for (const [method, test] of [
    ['getSeries', 'listSeries: looking an unknown id up gets undefined'],
    ['listChapters', 'listChapters: a pass ends, keeps to the limit and shows no id twice'],
  ] as const) {
    const failures = await failuresOf({ repository: wrongRepository({ [method]: never }), timeLimitMs: 1 })
    t.match(failures[test], /was not settled within 1 ms\. Make sure that its promise resolves/)
  }
})

t.test('a mistake is found that only the site can know of', async (t) => {
  const gone = { series: ['s000'], chapters: ['s000-c1'] }
  const forgetful = wrongRepository({
    listChapters: async (page: PageRequest) => pageAfter(CHAPTERS.slice(1), page),
  })
  t.match(await failuresOf({ repository: forgetful, gone, counts: { chapters: CHAPTERS.length } }), {
    'listChapters: what is gone is neither listed nor found': /getChapter\("s000-c1"\) finds what is gone/,
    'listChapters: all that the site shows is listed': /shows 239 records, but the site 240\. Look for a join/,
  })
  const stale = wrongRepository({ getSeries: async (id: string) => rightRepository(SERIES.slice(1)).getSeries(id) })
  t.match(await failuresOf({ repository: stale, gone, counts: { series: SERIES.length - 1 } }), {
    'listSeries: what is gone is neither listed nor found': /listSeries shows "s000", which is gone/,
    'listSeries: all that the site shows is listed': /shows more records than the site, which shows 119/,
  })
})

t.test('a record that contains itself, or nothing, is found by what it is', async (t) => {
  const unpublishable = ['listSeries: the records can be signed and published']
  for (const metadata of [selfContaining(), undefined]) {
    const failures = await failuresOf({ repository: withSeriesMetadata(metadata) })
    t.strictSame(Object.keys(failures), unpublishable)
  }
})

t.test('a listing that begins again for ever does not keep the suite from ending', async (t) => {
  const again = wrongRepository({
    listSeries: async ({ limit }: PageRequest) => ({ items: SERIES.slice(0, limit), next: String(calls++) }),
  })
  const failures = await failuresOf({ repository: again, sampleSize: Infinity, counts: { series: 1e9 } })
  t.match(failures['listSeries: all that the site shows is listed'], /never ends: it began again with "s000"/)
})

t.test('a chapter of an unknown series is found in a catalog larger than the sample', async (t) => {
  const failures = await failuresOf({ repository: withChapter({ seriesId: 'hidden' }), sampleSize: 20 })
  t.match(Object.values(failures)[0], /the series "hidden", which getSeries\("hidden"\) does not find/)
})

/**
 * What each failing test of the suite says, by its name.
 *
 * @param only - the one test to run. Default is all.
 */
async function failuresOf(
  options: Omit<RepositorySuiteOptions, 'test'>,
  only?: string,
): Promise<Record<string, string>> {
  const tests: { name: string; run: () => Promise<void> }[] = []
  const add: TestFunction = (name, run) => (only === undefined || name === only) && tests.push({ name, run })
  repositorySuite({ ...options, test: add })
  const failures: Record<string, string> = {}
  for (const { name, run } of tests) {
    await run().catch((error: Error) => {
      failures[name] = error.message
    })
  }
  return failures
}
