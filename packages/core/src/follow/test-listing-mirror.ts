import type { Test } from 'tap'
import { boundedCache } from '../cache/index.ts'
import { createHttpClient } from '../egress/index.ts'
import { createKeyFinder, createWitnessPanel } from '../keys/index.ts'
import { createKeyRing } from '../keys/key-ring.ts'
import { loadOwnKeys } from '../keys/own-keys.ts'
import { silentLogger } from '../logger.ts'
import { memoryStore, type ObjectKind, type Store } from '../store/index.ts'
import { silentTelemetry } from '../telemetry/index.ts'
import { type ManualEnvironment, manualEnvironment } from '../test-environment.ts'
import { createVerifier } from '../verify/index.ts'
import { type ListingPuller, createListingPuller } from './listing-pull.ts'
import type { ListingReport } from './listing-report.ts'
import { newRecord } from './origin-record.ts'
import { createOriginRecords, type OriginRecords } from './origin-records.ts'

/** Mirrors servers by their listings, in a store in memory. */
export interface ListingMirror {
  readonly store: Store
  readonly time: ManualEnvironment
  readonly records: OriginRecords
  /** Makes one pass. */
  pull(serverName: string, how?: { confirmRemoval?: boolean; signal?: AbortSignal }): Promise<ListingReport>
  /** The same mirror with another view of its store, as after a restart: what was in the cache is gone. */
  over(store: Store): Promise<ListingMirror>
  /** The ids of what is held, in order. */
  ids(serverName: string, kind: ObjectKind): Promise<string[]>
}

/** Builds a mirror. */
export async function listingMirror(
  t: Test,
  { store = memoryStore(), time = manualEnvironment() }: { store?: Store; time?: ManualEnvironment } = {},
): Promise<ListingMirror> {
  const client = createHttpClient({ allowInsecure: true, allowedPorts: 'any', environment: time })
  t.teardown(() => client.close())
  const parts = { client, environment: time, logger: silentLogger }
  const ownKeys = await loadOwnKeys({
    serverName: 'https://mirror.example/v1',
    store: store.identity,
    given: undefined,
    environment: time,
  })
  const ring = createKeyRing({ ...parts, store: store.remoteKeys })
  const finder = createKeyFinder({
    ...parts,
    ownKeys,
    ring,
    panel: createWitnessPanel({ ...parts, ring, witnesses: [], quorum: 2 }),
    balancersOf: async () => new Set(),
  })
  const verifier = createVerifier({ finder, groupKeys: new Map(), names: { allowInsecure: true }, environment: time })
  const cache = boundedCache(1000)
  const pullerOf = (from: Store): ListingPuller =>
    createListingPuller({ ...parts, catalog: from.catalog, verifier, cache, telemetry: silentTelemetry })
  const records = createOriginRecords(store, time)
  const puller = pullerOf(store)
  return {
    store,
    time,
    records,
    async pull(serverName, { confirmRemoval = false, signal = new AbortController().signal } = {}) {
      if (!(await records.get(serverName))) await records.add(newRecord(serverName, time.now()))
      return puller.pull(serverName, {
        commit: async (changes) => (await records.change(serverName, (record) => record, changes)) !== undefined,
        confirmRemoval,
        signal,
      })
    },
    over: (other) => listingMirror(t, { store: other, time }),
    async ids(origin, kind) {
      const objects = await store.catalog.list({ origin, kind, limit: 1000 })
      return objects.map(({ id }) => id)
    },
  }
}
