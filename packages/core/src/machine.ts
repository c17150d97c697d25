import { type BalancerServing, createBalancers, createVolunteering, type Volunteering } from './balancers/index.ts'
import {
  type CatalogReading,
  createListingReader,
  createListings,
  rememberStates,
  runCatalog,
  type RunningCatalog,
} from './catalog/index.ts'
import { createDiscovery, type Discovery, publishDocuments, type PublishedDocuments } from './discovery/index.ts'
import { createHttpClient, type HttpClient } from './egress/index.ts'
import {
  createFollowing,
  createListingPuller,
  createOriginRecords,
  cursorStore,
  type Following,
} from './follow/index.ts'
import { type OpenStreams } from './http/index.ts'
import {
  createKeyFinder,
  createKeyRing,
  createWitness,
  createWitnessPanel,
  type KeyFinder,
  type KeyServing,
  loadOwnKeys,
} from './keys/index.ts'
import { createWorkLimits } from './limits/index.ts'
import { createLogReader, type LogServing, openOwnLog, type OwnLog } from './log/index.ts'
import { createMirroredCatalog, createMirroring, type MirroredCatalog, type Mirroring } from './mirrored/index.ts'
import { type ResolvedOptions } from './options.ts'
import { createPeerClient, createStrangerLimits } from './peers/index.ts'
import { createPush, type PushServing } from './push/index.ts'
import { reactionsOf } from './reactions.ts'
import { createDuty, createNewsroom, type Duty, type Newsroom } from './sharing/index.ts'
import type { Store } from './store/index.ts'
import { createTelemetry, type FederationTelemetry } from './telemetry/index.ts'
import { createVerifier, type Verifier } from './verify/index.ts'
import { VERSION } from './version.ts'

/** What this software says of itself on the version route. */
const SOFTWARE = { name: 'manga-federation', version: VERSION, features: ['log', 'push'] }

/** The parts of a running federation, as the routes use them. */
export interface Machine extends BalancerServing, CatalogReading, KeyServing, LogServing, PushServing {
  readonly store: Store
  readonly client: HttpClient
  readonly finder: KeyFinder
  readonly published: PublishedDocuments
  readonly catalog: RunningCatalog
  readonly log: OwnLog
  readonly following: Following
  readonly mirroring: Mirroring
  readonly mirrored: MirroredCatalog
  readonly verifier: Verifier
  readonly volunteering: Volunteering
  /** The background work, where it is this process's. */
  readonly duty: Duty
  readonly newsroom: Newsroom
  readonly telemetry: FederationTelemetry
}

/** Opens the store and puts the parts together; background work begins when each is started. */
export async function assemble(options: ResolvedOptions, streams: OpenStreams): Promise<Machine> {
  const { serverName, names, environment, logger } = options
  const { random } = Math
  const telemetry = createTelemetry(options)
  const client = telemetry.client(createHttpClient({ ...options.egress, environment }))
  let store: Store | undefined
  try {
    store = await options.store()
    const keys = await loadOwnKeys({ serverName, store: store.identity, given: options.givenKeys, environment })
    const ring = createKeyRing({ store: store.remoteKeys, client, environment, logger })
    const discovery = createDiscovery({ client, cache: options.cache, environment, names, random })
    const panel = createWitnessPanel({ ...options, ring, client })
    const balancersOf = (server: string): Promise<ReadonlySet<string>> => knownBalancers(discovery, server)
    const finder = createKeyFinder({ ownKeys: keys, ring, panel, balancersOf, environment, logger })
    const verifier = telemetry.verifier(createVerifier({ finder, groupKeys: options.groupKeys, names, environment }))
    const { shared } = store
    const newsroom = createNewsroom({ shared, environment, logger })
    const { tell } = newsroom
    const common = { serverName, names, store, client, finder, verifier, telemetry, tell, environment, logger, random }
    const published = publishDocuments(serverName, SOFTWARE)

    const states = rememberStates(store.catalog, environment)
    const logReader = createLogReader(store.log)
    const peers = createPeerClient({ client, keys, environment })
    const push = createPush({
      ...common,
      followers: store.followers,
      logReader,
      peers,
      reachable: options.reachable,
      poke: (origin) => following.poke(origin),
    })
    const renewed = (): void => {
      push.wake()
      tell('catalog', serverName)
    }
    const log = await openOwnLog({ ...common, keys, firstEpoch: firstEpoch(options), renewed })
    const committed = (): void => {
      states.forget()
      push.wake()
    }
    const isOnDuty = (): boolean => duty.isHeld()
    const own = { store: store.catalog, repository: options.catalog, keys, log }
    const catalog = runCatalog({ ...common, ...own, isOnDuty, committed })

    const records = createOriginRecords(store, environment)
    const cursors = cursorStore(records)
    const mirroring = createMirroring({ ...common, cursors, catalog, onMirrored: options.onMirrored })
    const listings = createListingPuller({ ...common, catalog: store.catalog, cache: options.cache })
    const notices = {
      applied(origin: string): void {
        states.forget()
        mirroring.applied(origin)
        push.subscriptions.applied(origin)
        volunteering.applied(origin)
      },
      announce: (origin: string): void => push.subscriptions.announce(origin),
      withdrawn(origin: string): void {
        push.subscriptions.withdraw(origin)
        volunteering.withdrawn(origin)
      },
    }
    const following = createFollowing({
      ...common,
      groupKeys: options.groupKeys,
      discovery,
      records,
      listings,
      notices,
    })
    const volunteering = createVolunteering({ ...common, following, records, peers, reachable: options.reachable })
    const balancers = createBalancers({
      ...common,
      balancers: store.balancers,
      catalog: store.catalog,
      keys,
      ring,
      logReader,
      policy: options.loadBalancers,
      advertise: (loadBalancers) => published.advertise(loadBalancers),
      subscribe: (name) => push.subscribe(name),
    })
    const workers = [following, mirroring, push, balancers, volunteering] as const
    const duty = createDuty({
      shared,
      begin: async () => void (await Promise.all(workers.map((worker) => worker.start()))),
      rest: async () => void (await Promise.all(workers.map((worker) => worker.stop()))),
      environment,
      logger,
      random,
    })
    telemetry.watch({ serverName, store, isOnDuty, origins: () => following.list() })
    return {
      ...common,
      keys,
      nonces: options.nonces ?? store.nonces,
      log,
      logReader,
      push,
      streams,
      catalog,
      following,
      mirroring,
      mirrored: createMirroredCatalog({ catalog: store.catalog, origins: () => cursors.origins() }),
      witness: telemetry.witness(createWitness(ring, keys)),
      limits: createWorkLimits({ environment }),
      strangers: createStrangerLimits(environment),
      heardFrom: (sender) => push.heardFrom(sender),
      published,
      balancers,
      volunteering,
      duty,
      newsroom,
      states,
      listings: createListings(store.catalog),
      readListing: createListingReader(serverName),
    }
  } catch (error) {
    telemetry.close()
    await client.close()
    await store?.close()
    throw error
  }
}

/** Listens to the processes that share the store, and begins the background work where it is this one's. */
export async function begin(parts: Machine): Promise<void> {
  parts.newsroom.start(reactionsOf(parts))
  await parts.balancers.changed()
  parts.push.wake()
  await parts.duty.start()
}

/** Ends what runs, from those who write to those who are written to. */
export async function stop(parts: Machine): Promise<void> {
  const { catalog, log, duty, newsroom, client, store, telemetry } = parts
  const stopped = [newsroom, duty, catalog].map((part) => part.stop())
  // What waits for another server waits no longer.
  await client.close()
  await Promise.all(stopped)
  await log.stop()
  telemetry.close()
  await store.close()
}

/**
 * A server that comes back with its identity and without its store begins a new log, later than the lost one, whose
 * followers would take anything else for a fork (PROTOCOL section 9).
 */
function firstEpoch({ isImported, environment }: ResolvedOptions): number {
  return isImported ? Math.floor(environment.now() / 1000) : 1
}

/** The load balancers that a server is known to have chosen: none when it cannot be asked and never was. */
async function knownBalancers(discovery: Discovery, serverName: string): Promise<ReadonlySet<string>> {
  const { primary, loadBalancers } = await discovery
    .lookUp(new URL(serverName).host)
    .catch(() => ({ primary: serverName, loadBalancers: [] }))
  return new Set(primary === serverName ? loadBalancers : [])
}
