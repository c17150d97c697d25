import type { Test } from 'tap'
import { boundedCache } from '../cache/index.ts'
import { createDiscovery } from '../discovery/index.ts'
import { createHttpClient } from '../egress/index.ts'
import { createKeyFinder } from '../keys/index.ts'
import { createWitnessPanel } from '../keys/ask-witnesses.ts'
import { createKeyRing } from '../keys/key-ring.ts'
import { loadOwnKeys } from '../keys/own-keys.ts'
import { silentLogger } from '../logger.ts'
import { memoryStore, type Store } from '../store/index.ts'
import { silentTelemetry, type Telemetry } from '../telemetry/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { createVerifier } from '../verify/index.ts'
import {
  createFollowing,
  createListingPuller,
  createOriginRecords,
  type Following,
  type OriginRecords,
} from './index.ts'

/** The name of the server that follows. */
export const FOLLOWER = 'http://follower.example:81/v1'

/** Shorter than any request may take: none that begins while the clock moves runs out of time. */
const STEP_MS = 5000

/** A server that follows others. */
export interface TestFollower {
  readonly following: Following
  readonly records: OriginRecords
  readonly store: Store
  readonly time: ManualEnvironment
  /** What it noted: `applied`, `announce` and `withdrawn`, each with the server's name. */
  readonly notices: string[]
  /** Moves the clock, and waits for the visits that this caused. */
  advance(byMs: number): Promise<void>
  /** Ends it, with all that is under way. */
  end(): Promise<void>
}

/** What may be given to it. */
export interface TestFollowerOptions {
  readonly store?: Store
  readonly time?: ManualEnvironment
  readonly witnesses?: readonly string[]
  /** False when the test starts it. */
  readonly starts?: boolean
}

/** Builds one with a store in memory and a clock that the test moves. */
export async function testFollower(
  t: Test,
  { store = memoryStore(), time = manualEnvironment(), witnesses = [], starts = true }: TestFollowerOptions = {},
): Promise<TestFollower> {
  const names = { allowInsecure: true }
  const visits = new Set<Promise<unknown>>()
  const telemetry: Telemetry = {
    ...silentTelemetry,
    span(_name, _attributes, work) {
      const visit = work()
      visits.add(visit)
      void visit.catch(() => undefined).then(() => visits.delete(visit))
      return visit
    },
  }
  const client = createHttpClient({ ...names, allowedPorts: 'any', environment: time })
  const parts = {
    client,
    environment: time,
    logger: silentLogger,
    telemetry,
    random: () => 0.5,
    names,
  }
  const cache = boundedCache(100)
  const ownKeys = await loadOwnKeys({
    serverName: FOLLOWER,
    store: store.identity,
    given: undefined,
    environment: time,
  })
  const ring = createKeyRing({ ...parts, store: store.remoteKeys })
  const panel = createWitnessPanel({
    ...parts,
    ring,
    witnesses: witnesses.map((serverName) => ({ serverName, pinned: new Map() })),
    quorum: 1,
  })
  const finder = createKeyFinder({ ...parts, ownKeys, ring, panel, balancersOf: async () => new Set() })
  const verifier = createVerifier({ ...parts, finder, groupKeys: new Map() })
  const records = createOriginRecords(store, time)
  const notices: string[] = []
  const following = createFollowing({
    ...parts,
    serverName: FOLLOWER,
    store,
    records,
    finder,
    verifier,
    groupKeys: new Map(),
    discovery: createDiscovery({ ...parts, cache }),
    tell: () => {},
    listings: createListingPuller({ ...parts, catalog: store.catalog, verifier, cache }),
    notices: {
      applied: (name) => void notices.push(`applied ${name}`),
      announce: (name) => void notices.push(`announce ${name}`),
      withdrawn: (name) => void notices.push(`withdrawn ${name}`),
    },
  })
  const end = async (): Promise<void> => {
    const stopped = following.stop()
    await client.close()
    await stopped
  }
  t.teardown(end)
  if (starts) await following.start()
  return {
    following,
    records,
    store,
    time,
    notices,
    end,
    async advance(byMs) {
      for (let passedMs = 0; passedMs < byMs; passedMs += STEP_MS) {
        await time.advance(Math.min(STEP_MS, byMs - passedMs))
        while (visits.size > 0) await Promise.allSettled(visits)
        // What follows a visit is planned before the clock moves on.
        await time.yieldToOthers()
      }
    },
  }
}
