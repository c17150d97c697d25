import type { NewChapter } from './chapter.ts'
import { randomOf } from './random.ts'
import type { SeriesRow } from './site-database.ts'

/** What the rule looks at. */
export interface ChapterRuleInput {
  id: string
  /** In which its releases exist; English when empty. */
  languages: readonly string[]
  /** Whether the series is a one-shot: a single chapter without a number. */
  isOneShot: boolean
}

/** What the rule makes up for one series. */
export interface MadeUpChapters {
  numbering: SeriesRow['numbering']
  chapters: Iterable<NewChapter>
}

/** The share of one-shots in a real catalog; they are the series with the fewest chapters. */
const ONE_SHOT_SHARE = 0.17
/** The most chapters that a series has. */
const MAX_CHAPTERS = 1325
/**
 * The share of a real catalog's series that have more than so many chapters: half of them more than 2, a tenth
 * more than 27, a hundredth more than 120. From one row to the next it is a straight line on logarithmic axes.
 */
const CHAPTERS_BY_SHARE = [
  { share: 1, chapters: 1 },
  { share: 0.62, chapters: 1 },
  { share: 0.5, chapters: 2 },
  { share: 0.1, chapters: 27 },
  { share: 0.01, chapters: 120 },
  { share: 0.001, chapters: MAX_CHAPTERS },
] as const

/** How many series of one chapter leave that chapter without a number although nobody calls them one-shots. */
const UNNUMBERED_SHARE = 0.5
/** After how many numbers an extra follows: 10, then 10.5. */
const EXTRA_SHARE = 0.058
/** How many numbers are missing before the next one. */
const GAP_SHARE = 0.02
const MAX_GAP = 3
/** How many of the longer series start again at 1 in each volume. */
const VOLUME_RESET_SHARE = 0.15
const LONGER_SERIES_CHAPTERS = 12
/** How many numbers are released by two groups or more, and by three. */
const SEVERAL_GROUPS_SHARE = 0.1
const THREE_GROUPS_SHARE = 0.02

const GROUPS = [
  'Paper Lantern Scans',
  'Night Ferry',
  'Kettle & Crane',
  'Third Platform',
  'Blue Umbrella',
  'Inkstone Club',
  'Sunday Tram',
  'Small Hours Press',
] as const

const DAY_MS = 86_400_000
const EARLIEST_RELEASE_MS = Date.UTC(2006, 0, 1)
const START_WITHIN_DAYS = 3000
const MAX_DAYS_BETWEEN_RELEASES = 6

/**
 * Makes up the chapters of a series, for catalog files that have series only. The same series has the same chapters
 * on every site and at every start.
 */
export function makeUpChapters(series: ChapterRuleInput): MadeUpChapters {
  const random = randomOf(series.id)
  const count = series.isOneShot ? 1 : chapterCount(random() * (1 - ONE_SHOT_SHARE))
  const isUnnumbered = series.isOneShot || (count === 1 && random() < UNNUMBERED_SHARE)
  const restarts = count >= LONGER_SERIES_CHAPTERS && random() < VOLUME_RESET_SHARE
  const numbering = restarts ? 'by-volume' : 'continuous'
  const numbers = isUnnumbered ? [{}] : printedNumbers(random, numbering)
  return { numbering, chapters: releases(series, random, numbers, count) }
}

/** @param share the share of series that have more chapters than this one, from 0 and below 1. */
function chapterCount(share: number): number {
  const after = CHAPTERS_BY_SHARE.findIndex((row) => row.share <= share)
  const [upper, lower] = [CHAPTERS_BY_SHARE[after], CHAPTERS_BY_SHARE[after - 1]]
  if (!upper || !lower) return MAX_CHAPTERS
  const way = Math.log(lower.share / share) / Math.log(lower.share / upper.share)
  return Math.round(lower.chapters * (upper.chapters / lower.chapters) ** way)
}

/** Numbers and volumes as they stand on the covers, without an end. */
function* printedNumbers(
  random: () => number,
  numbering: SeriesRow['numbering'],
): Generator<Pick<NewChapter, 'number' | 'volume'>> {
  const numbersPerVolume = 4 + Math.floor(random() * 6)
  let number = 0
  for (let volume = 1; ; volume++) {
    if (numbering === 'by-volume') number = 0
    for (let inVolume = 0; inVolume < numbersPerVolume; inVolume++) {
      number += random() < GAP_SHARE ? 1 + Math.ceil(random() * MAX_GAP) : 1
      yield { number: String(number), volume: String(volume) }
      if (random() < EXTRA_SHARE) yield { number: `${number}.5`, volume: String(volume) }
    }
  }
}

/** The first `count` releases of these numbers; each group releases in a language of its own, as far as they go. */
function* releases(
  series: ChapterRuleInput,
  random: () => number,
  numbers: Iterable<Pick<NewChapter, 'number' | 'volume'>>,
  count: number,
): Generator<NewChapter> {
  const languages = series.languages.length > 0 ? series.languages : ['en']
  const firstGroup = Math.floor(random() * GROUPS.length)
  let releasedMs = EARLIEST_RELEASE_MS + Math.floor(random() * START_WITHIN_DAYS) * DAY_MS
  let released = 0
  for (const number of numbers) {
    const groups = groupCount(random())
    for (let group = 0; group < groups && released < count; group++, released++) {
      releasedMs += Math.floor(random() * (MAX_DAYS_BETWEEN_RELEASES + 1)) * DAY_MS
      yield {
        seriesId: series.id,
        ...number,
        language: languages[group % languages.length] ?? 'en',
        group: GROUPS[(firstGroup + group) % GROUPS.length] ?? GROUPS[0],
        pages: 16 + Math.floor(random() * 30),
        publishedAt: new Date(releasedMs).toISOString(),
      }
    }
    if (released === count) return
  }
}

function groupCount(chance: number): number {
  if (chance < THREE_GROUPS_SHARE) return 3
  return chance < SEVERAL_GROUPS_SHARE ? 2 : 1
}
