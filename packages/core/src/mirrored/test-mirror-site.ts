import type { Test } from 'tap'
import { runCatalog, type RunningCatalog } from '../catalog/index.ts'
import { type TestRepository, testRepository } from '../catalog/test-repository.ts'
import { importSigningKey } from '../crypto/index.ts'
import { createOriginRecords, cursorStore } from '../follow/index.ts'
import { type ListingMirror, listingMirror } from '../follow/test-listing-mirror.ts'
import { encodeBase64, type JsonObject } from '../json/index.ts'
import { openOwnLog } from '../log/index.ts'
import { type Logger, silentLogger } from '../logger.ts'
import type { ObjectKind, Store } from '../store/index.ts'
import { silentTelemetry } from '../telemetry/index.ts'
import { createMirroring, type Mirroring } from './mirroring.ts'
import { createMirroredCatalog, type MirroredCatalog } from './reading.ts'
import { parseStored } from './stored-object.ts'
import type { OnMirrored } from './teller.ts'

const OWN_NAME = 'https://mirror.example/v1'
const signingKey = importSigningKey(new Uint8Array(32).fill(9))
const publicKeyBase64 = encodeBase64(signingKey.publicKey)
const keys = { active: () => [{ keyId: 'ed25519:own', signingKey, publicKeyBase64, expiredTs: undefined }] }

/** A site that mirrors others. */
export interface MirrorSite {
  readonly mirror: ListingMirror
  readonly mirroring: Mirroring
  readonly catalog: RunningCatalog
  readonly repository: TestRepository
  readonly reading: MirroredCatalog
  readonly warnings: string[]
  /** Makes one pass over a server's listings, as the following room does. */
  pull(serverName: string): Promise<void>
  /** What the site's own catalog has, by id. */
  published(kind: ObjectKind): Promise<Map<string, JsonObject>>
}

/** How a site is built. */
export interface MirrorSiteOptions {
  readonly onMirrored?: OnMirrored
  /** A site on the same store that was there before. */
  readonly before?: MirrorSite
  /** The store as the consumers see it. Default: the site's own. */
  readonly seen?: Store
}

/** Builds a site whose own catalog has one series; nothing is started yet. */
export async function mirrorSite(t: Test, { onMirrored, before, seen }: MirrorSiteOptions = {}): Promise<MirrorSite> {
  const mirror = before?.mirror ?? (await listingMirror(t))
  const store = seen ?? mirror.store
  const { time: environment } = mirror
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_details, message) => void warnings.push(message) }
  const repository = before?.repository ?? testRepository(1)
  const parts = { serverName: OWN_NAME, store, keys, environment, logger, telemetry: silentTelemetry }
  const log = await openOwnLog({ ...parts, firstEpoch: 1 })
  await log.stop()
  const catalog = runCatalog({
    ...parts,
    repository,
    store: store.catalog,
    log,
    isOnDuty: () => true,
    committed: () => undefined,
  })
  await catalog.reconcile()
  const cursors = cursorStore(createOriginRecords(store, environment))
  const mirroring = createMirroring({ ...parts, cursors, catalog, onMirrored })
  t.teardown(async () => {
    await mirroring.stop()
    await catalog.stop()
  })
  return {
    mirror,
    mirroring,
    catalog,
    repository,
    warnings,
    reading: createMirroredCatalog({ catalog: mirror.store.catalog, origins: () => cursors.origins() }),
    async pull(serverName) {
      const { outcome, message } = await mirror.pull(serverName)
      if (outcome !== 'complete') throw new Error(message)
      mirroring.applied(serverName)
    },
    async published(kind) {
      const objects = await mirror.store.catalog.list({ origin: OWN_NAME, kind, limit: 1000 })
      return new Map(objects.map(({ id, bytes }) => [id, parseStored(bytes)]))
    },
  }
}

/** Lets others work until something holds; the test's own time limit ends it. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}
