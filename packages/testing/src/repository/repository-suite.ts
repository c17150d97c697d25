import type { CatalogRepository } from '@manga-federation/core'
import { registerCases, type Case, type TestFunction } from '../case.ts'
import { chapterCases } from './chapter-cases.ts'
import { expectedCases } from './expected-cases.ts'
import { listingCases } from './listing-cases.ts'
import { lookupCases } from './lookup-cases.ts'
import { recordCases } from './record-cases.ts'
import { chapterListing, seriesListing, type Listing, type Limits } from './listing.ts'

/** What `repositorySuite` needs to know of a repository. */
export interface RepositorySuiteOptions {
  /** The test function of your test runner. */
  readonly test: TestFunction
  /** The repository, over a database that nobody changes while the suite runs. It is only read. */
  readonly repository: CatalogRepository
  /**
   * Ids that your database still has and your site no longer shows: series and chapters that are deleted or hidden, and
   * chapters of such series.
   */
  readonly gone?: { readonly series?: readonly string[]; readonly chapters?: readonly string[] }
  /** How many series and chapters your site shows, counted past the repository. All are listed then, for counting. */
  readonly counts?: { readonly series?: number; readonly chapters?: number }
  /**
   * How many series and how many chapters to look at, from the beginning of each listing. Memory grows with it.
   * Default is 2,000; `Infinity` looks at all.
   */
  readonly sampleSize?: number
  /** How long one call of the repository may take, in milliseconds. Default is 10,000. */
  readonly timeLimitMs?: number
}

/** Some twenty full pages: enough to find pages that overlap, little enough for a slow database. */
const DEFAULT_SAMPLE_SIZE = 2000

/** Longer than a full page should take on a phone's disk. */
const DEFAULT_TIME_LIMIT_MS = 10_000

/**
 * Shows whether a `CatalogRepository` is right, and says in words what is wrong and what to do: one test a promise,
 * registered with the caller's test function.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * repositorySuite({ test, repository: myCatalog })
 * ```
 */
export function repositorySuite({
  test,
  repository,
  gone,
  counts,
  sampleSize = DEFAULT_SAMPLE_SIZE,
  timeLimitMs = DEFAULT_TIME_LIMIT_MS,
}: RepositorySuiteOptions): void {
  const limits: Limits = { sampleSize, timeLimitMs }
  const series = seriesListing(repository, limits, { gone: gone?.series, count: counts?.series })
  const chapters = chapterListing(repository, limits, { gone: gone?.chapters, count: counts?.chapters })
  for (const listing of [series, chapters]) registerCases<Listing>(test, casesOfEach(listing), listing)
  registerCases(test, chapterCases, { series, chapters })
}

function casesOfEach(listing: Listing): Case<Listing>[] {
  const cases = [...listingCases, ...recordCases, ...lookupCases, ...expectedCases(listing)]
  return cases.map((each) => ({ ...each, name: `${listing.listMethod}: ${each.name}` }))
}
