import { memoryInProcess, type Reader } from '@manga-federation/core/client'
import type { Network } from './network.ts'
import { demoReader, wordsOf } from './reading.ts'
import type { Say } from './terminal.ts'

/** Objects of one page, the most that there may be. */
const LIMIT = 1000

/** What a reader found. */
interface Found {
  readonly series: number
  readonly chapters: number
}

/**
 * Does without a person what a person does with the page: reads the whole catalog, kills the origin, reads again with
 * what is remembered, and once more as a newcomer who has only the link.
 *
 * @throws Error when something is missing after the kill; FederationError when nothing can be read.
 */
export async function runScript(network: Network, say: Say): Promise<void> {
  const reader = demoReader(network.facts(), memoryInProcess())
  const newcomer = demoReader(network.facts(), memoryInProcess())
  try {
    const before = await readAll('the reader', reader, network, say)
    await network.killOrigin()
    say('demo', 'The origin was killed: no goodbye, and it will not come back.')
    for (const [who, whose] of [
      ['the same reader', reader],
      ['a newcomer with only the link', newcomer],
    ] as const) {
      requireSame(before, await readAll(who, whose, network, say))
    }
    say('demo', 'Everything that the origin had published can still be read, and verified.')
  } finally {
    await Promise.all([reader.close(), newcomer.close()])
  }
}

/** Reads all series with all their chapters, each verified, and says who served them. */
async function readAll(who: string, reader: Reader, network: Network, say: Say): Promise<Found> {
  const catalog = await reader.lookup(network.facts().link)
  const series = await catalog.series({ limit: LIMIT })
  let chapters = 0
  for (const { id } of series.items) chapters += (await catalog.chapters(id, { limit: LIMIT })).items.length
  const found = { series: series.items.length, chapters }
  const { servedBy, onWordOf, state } = wordsOf(series, network.facts())
  say('reader', `${who} got ${found.series} series and ${chapters} chapters from ${servedBy}`)
  say('reader', `  believed by ${onWordOf}`)
  say('reader', `  ${state}`)
  return found
}

function requireSame(before: Found, now: Found): void {
  if (now.series === before.series && now.chapters === before.chapters) return
  throw new Error(
    `Of ${before.series} series and ${before.chapters} chapters ${now.series} and ${now.chapters} are left.`,
  )
}
