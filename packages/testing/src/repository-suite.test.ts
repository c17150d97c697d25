import type { CatalogRepository, PageRequest } from '@manga-federation/core'
import t from 'tap'
import { repositorySuite, type RepositorySuiteOptions } from './index.ts'
import {
  CHAPTERS,
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
    says: /the cursor is ignored/,
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
    { page: { items: null }, says: /whose `items` is null\. Make it an array/ },
    { page: { items: [], next: null }, says: /returned null as `next`/ },
    { page: { items: [], next: 7 }, says: /returned the number 7 as `next`/ },
    { page: { items: ['s1'] }, says: /returned the string 's1' as an item/ },
    { page: { items: [{ id: 7 }] }, says: /`id` is the number 7\. Ids are text: make it String\(id\)/ },
    { page: { items: [{ id: '' }] }, says: /has 0 characters/ },
    { page: { items: [{ id: 'x'.repeat(256) }] }, says: /has 256 characters/ },
  ].map(({ page, says }) => ({
    mistake: `the page is ${JSON.stringify(page)?.slice(0, 40)}`,
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
    says: /getSeries\("s000"\) disagrees with listSeries/,
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
]

for (const { mistake, repository, test, says } of MISTAKES) {
  t.test(`a mistake is found: ${mistake}`, async (t) => {
    const failures = await failuresOf({ repository })
    t.match(failures[test], says)
  })
}

t.test('a mistake is found: a promise is never settled', async (t) => {
  const repository = wrongRepository({ getSeries: () => new Promise(() => {}) })
  const failures = await failuresOf({ repository, timeLimitMs: 1 })
  t.match(failures['listSeries: looking an unknown id up gets undefined'], /was not settled within 1 ms/)
})

t.test('a chapter of an unknown series is found in a catalog larger than the sample', async (t) => {
  const failures = await failuresOf({ repository: withChapter({ seriesId: 'hidden' }), sampleSize: 20 })
  t.match(Object.values(failures)[0], /the series "hidden", which getSeries\("hidden"\) does not find/)
})

/** What each failing test of the suite says, by its name. */
async function failuresOf(options: Omit<RepositorySuiteOptions, 'test'>): Promise<Record<string, string>> {
  const tests: { name: string; run: () => Promise<void> }[] = []
  repositorySuite({ ...options, test: (name, run) => tests.push({ name, run }) })
  const failures: Record<string, string> = {}
  for (const { name, run } of tests) {
    await run().catch((error: Error) => {
      failures[name] = error.message
    })
  }
  return failures
}

/** A listing over one shared position, as one that keeps a database cursor open has it. */
function positionKeeper(): (page: PageRequest) => Promise<unknown> {
  let position = 0
  return async ({ cursor, limit }) => {
    if (cursor === undefined) position = 0
    const items = SERIES.slice(position, position + limit)
    position += limit
    return position < SERIES.length ? { items, next: `page ${position}` } : { items }
  }
}

function selfContaining(): object {
  const metadata: Record<string, unknown> = { title: 'x' }
  metadata['self'] = metadata
  return metadata
}
