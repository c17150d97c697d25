import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'
import { type FollowerProgress, freePlace, startFederatedSite } from './federated-site.ts'
import { CHAPTERS_A_SERIES } from './made-up-catalog.ts'
import type { BenchResult } from './measure.ts'
import { type RawVerifying, readSignatures, startRawVerifying } from './raw-verifying.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const SERIES = 25_000
const OBJECTS = SERIES * (1 + CHAPTERS_A_SERIES)

/** Where memory is looked at for the first time: a tenth of the way. */
const EARLY_ENTRIES = 30_000

/** Signatures of which the raw rate is measured each time: half a second of work, after which no idle thread has ended. */
const RAW_SIGNATURES = 8000

/**
 * After so long both sites are stopped, and the raw rate is measured. Machines that others use too are faster at one
 * moment and slower at the next: only what was measured between two parts of the work can be held against it.
 */
const PART_MS = 3000

/** How often the follower is asked how far it is: what that costs it does not show. */
const LOOK_INTERVAL_MS = 200

/** What each process may have in memory. */
const LIMIT_MB = 250
const BYTES_A_MB = 1024 * 1024

/** A process that has run for a while has some more fragments and statistics than a young one. */
const GROWTH_LIMIT = 1.2

/** What was seen of one synchronization. */
interface Synchronization {
  /** Those in which the sites were not stopped. */
  readonly seconds: number
  /** Signatures a second, the mean of all times. */
  readonly rawRate: number
  /** The most that each process had in memory until the follower held a tenth, and until it held all; in bytes. */
  readonly early: { readonly origin: number; readonly follower: number }
  readonly late: { readonly origin: number; readonly follower: number }
}

/** A new follower takes in a large catalog, both sites on this machine. */
export async function syncing(): Promise<BenchResult[]> {
  const folder = temporaryFolder()
  try {
    return await measure(folder)
  } finally {
    folder.remove()
  }
}

async function measure(folder: TemporaryFolder): Promise<BenchResult[]> {
  const place = await freePlace()
  const originOptions = { ...place, databasePath: folder.file('origin.db'), series: SERIES }
  // What publishing leaves in memory is not this measurement's: it happens in a process of its own.
  const publisher = startFederatedSite(originOptions)
  await publisher.ask('open')
  await publisher.stop()

  const raw = await startRawVerifying(
    await readSignatures(originOptions.databasePath, place.serverName, RAW_SIGNATURES),
  )
  const origin = startFederatedSite(originOptions)
  const follower = startFederatedSite({
    ...(await freePlace()),
    databasePath: folder.file('follower.db'),
    series: 0,
    origin: place.serverName,
  })
  try {
    return resultsOf(await synchronize(origin, follower, raw))
  } finally {
    await Promise.all([origin.stop(), follower.stop(), raw.close()])
  }
}

async function synchronize(origin: Child, follower: Child, raw: RawVerifying): Promise<Synchronization> {
  await origin.ask('open')
  await follower.ask('open')
  const rawRates = [await raw.rate()]
  let early: Synchronization['early'] | undefined
  let seconds = 0
  for (let held = 0; held < OBJECTS;) {
    const start = performance.now()
    if (held === 0) await follower.ask('follow')
    held = await heldAfter(follower, PART_MS)
    if (held >= EARLY_ENTRIES) early ??= await peaks(origin, follower)
    for (const site of [origin, follower]) site.pause()
    seconds += (performance.now() - start) / 1000
    rawRates.push(await raw.rate())
    for (const site of [origin, follower]) site.goOn()
  }
  const rawRate = rawRates.reduce((sum, rate) => sum + rate) / rawRates.length
  return { seconds, rawRate, early: early!, late: await peaks(origin, follower) }
}

async function peaks(origin: Child, follower: Child): Promise<{ origin: number; follower: number }> {
  return { origin: await origin.ask<number>('peak'), follower: await follower.ask<number>('peak') }
}

/** @returns how many entries the follower holds: after this time, or when it holds all. */
async function heldAfter(follower: Child, ms: number): Promise<number> {
  for (const end = performance.now() + ms; ;) {
    const { held, lastError } = await follower.ask<FollowerProgress>('progress')
    if (lastError !== undefined) throw new Error(`The follower holds ${held} entries, and says: ${lastError}`)
    if (held >= OBJECTS || performance.now() >= end) return held
    await sleep(LOOK_INTERVAL_MS)
  }
}

function resultsOf({ seconds, rawRate, early, late }: Synchronization): BenchResult[] {
  const rate = OBJECTS / seconds
  const sides = ['origin', 'follower'] as const
  return [
    {
      name: `initial sync of 25,000 series and 300,000 chapters in ${seconds.toFixed(0)} s`,
      ratio: rate / rawRate,
      limit: 0.6,
      direction: 'at least',
      detail: `the ${rawRate.toFixed(0)} signatures a second that all cores verify with nothing else to do, both sites on them`,
    },
    ...sides.map((side): BenchResult => {
      const peak = Math.max(early[side], late[side])
      return {
        name: `memory of the ${side} meanwhile`,
        ratio: peak / (LIMIT_MB * BYTES_A_MB),
        limit: 1,
        direction: 'at most',
        detail: `${LIMIT_MB} MB: the resident set was ${inMb(peak)} MB at most`,
      }
    }),
    ...sides.map((side): BenchResult => ({
      name: `memory of the ${side} at 325,000 entries`,
      ratio: late[side] / early[side],
      limit: GROWTH_LIMIT,
      direction: 'at most',
      detail: `that at 30,000 (${inMb(early[side])} and ${inMb(late[side])} MB)`,
    })),
  ]
}

function inMb(bytes: number): string {
  return (bytes / BYTES_A_MB).toFixed(0)
}
