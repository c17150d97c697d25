import {
  type Catalog,
  type CatalogReading,
  catalogRoutes,
  catalogWhenRunning,
  createListingReader,
  createListings,
  rememberStates,
  runCatalog,
  type RunningCatalog,
} from './catalog/index.ts'
import {
  createDiscovery,
  type Discovery,
  discoveryRoutes,
  publishDocuments,
  type PublishedDocuments,
} from './discovery/index.ts'
import { createHttpClient, type HttpClient } from './egress/index.ts'
import { atMost } from './environment.ts'
import { FederationError } from './errors.ts'
import {
  createDispatcher,
  createMatcher,
  type Dispatcher,
  type MountedRoute,
  mountRoutes,
  type Route,
} from './http/index.ts'
import type { JsonValue } from './json/index.ts'
import {
  createKeyFinder,
  createKeyRing,
  createWitness,
  createWitnessPanel,
  keyRoutes,
  type KeyServing,
  loadOwnKeys,
  writeIdentity,
} from './keys/index.ts'
import { createWorkLimits } from './limits/index.ts'
import { decodeServerNameSegment } from './names/index.ts'
import { type FederationOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { Store } from './store/index.ts'
import { createVerifier, type Verdict, type Verifier } from './verify/index.ts'
import { VERSION } from './version.ts'

/** What this software calls itself on the version route. */
const SOFTWARE = { name: 'manga-federation', version: VERSION }

/** A small catalog is complete when the site begins to listen; a large one does not hold it up for longer. */
const MAX_FIRST_PUBLISH_WAIT_MS = 5000

/** The parts of a running federation, as the routes use them. */
interface Machine extends CatalogReading, KeyServing {
  readonly store: Store
  readonly client: HttpClient
  readonly published: PublishedDocuments
  readonly catalog: RunningCatalog
  readonly verifier: Verifier
}

const ROUTES: readonly Route<Machine>[] = [...discoveryRoutes, ...keyRoutes, ...catalogRoutes]

/** One server of the Federated Manga network. */
export interface Federation {
  readonly serverName: string
  /** All routes with their place on this site, for adapters and documentation. */
  readonly routes: readonly MountedRoute<never>[]
  /** The site's own catalog. */
  readonly catalog: Catalog
  /** This server's own keys. */
  readonly keys: {
    /**
     * Makes a new key. The old one signs along for `overlapMs` and is old afterwards.
     *
     * @param how.overlapMs - default is 7 days, as long as others may hold a document without the new key.
     */
    rotate(how?: { readonly overlapMs?: number }): Promise<void>
    /** The identity as a short text that can be printed and given as the option `identity`. It is a secret. */
    exportIdentity(): Promise<string>
  }
  /**
   * The verdict on a series, a chapter, a mirrored one or a key document: whether it is what its origin signed, and on
   * whose word. Asks the origin for its keys where needed, and witnesses when the origin cannot be reached.
   *
   * @param received - raw bytes as they came, or what `parseStrict` made of them.
   */
  verify(received: Uint8Array | JsonValue): Promise<Verdict>
  /** The verdicts on many, in their order, on all cores. */
  verifyAll(received: readonly (Uint8Array | JsonValue)[]): Promise<Verdict[]>
  /** Whether a request with this raw target is the federation's. Costs next to nothing. */
  owns(target: string): boolean
  /** Answers a request; undefined when it is not the federation's. Never rejects. Starts the federation if needed. */
  handle: Dispatcher
  /**
   * Opens the store, loads or makes the keys, and begins to publish. Resolves when the catalog is published, or
   * after 5 s while publishing goes on. Calling it again waits for the same start; after a failed one it tries anew.
   *
   * @throws FederationError `identity_mismatch`, `store_unavailable`, `store_damaged`.
   */
  start(): Promise<void>
  /** Ends background work and closes the store. Calling it twice is fine. */
  close(): Promise<void>
}

/**
 * Puts the parts of the federation together.
 *
 * @throws FederationError `invalid_server_name` or `invalid_option`.
 */
export function createFederation(given: FederationOptions): Federation {
  const options = resolveOptions(given)
  const routes = mountRoutes(ROUTES, options.mountPath)
  const match = createMatcher(routes)
  let machine: Promise<Machine> | undefined
  let ready: Machine | undefined
  let started: Promise<void> | undefined
  let closed = false

  function running(): Promise<Machine> {
    if (closed) return Promise.reject(new FederationError('closed', 'The federation was closed.'))
    machine ??= assemble(options).catch((error: unknown) => {
      machine = undefined
      throw error
    })
    return machine
  }

  function start(): Promise<void> {
    started ??= publishFirst().catch((error: unknown) => {
      started = undefined
      throw error
    })
    return started
  }

  async function publishFirst(): Promise<void> {
    const parts = await running()
    await atMost(parts.catalog.reconcile(), MAX_FIRST_PUBLISH_WAIT_MS, options.environment)
    if (!closed) ready = parts
  }

  return {
    serverName: options.serverName,
    routes,
    catalog: catalogWhenRunning(async () => (await running()).catalog),
    keys: {
      rotate: async (how) => (await running()).keys.rotate(how?.overlapMs),
      exportIdentity: async () => writeIdentity((await running()).keys.identity()),
    },
    verify: async (received) => (await running()).verifier.verify(received),
    verifyAll: async (received) => (await running()).verifier.verifyAll(received),
    owns: (target) => match(target) !== undefined,
    handle: createDispatcher({
      match,
      // A listing that is not complete yet would look like one from which everything was deleted.
      parts: () => ready ?? start().then(running),
      decodeServerName: (raw) => decodeServerNameSegment(raw, options.names),
      logger: options.logger,
    }),
    start,
    async close() {
      closed = true
      ready = undefined
      const parts = await machine?.catch(() => undefined)
      machine = undefined
      await parts?.catalog.stop()
      await parts?.client.close()
      await parts?.store.close()
    },
  }
}

async function assemble(options: ResolvedOptions): Promise<Machine> {
  const { serverName, names, environment, logger } = options
  const store = await options.store()
  const client = createHttpClient({ ...options.egress, environment })
  try {
    const keys = await loadOwnKeys({ serverName, store: store.identity, given: options.givenKeys, environment })
    const ring = createKeyRing({ store: store.remoteKeys, client, environment, logger })
    const discovery = createDiscovery({ client, cache: options.cache, environment, names, random: Math.random })
    const panel = createWitnessPanel({ ...options, ring, client })
    const balancersOf = (server: string): Promise<ReadonlySet<string>> => knownBalancers(discovery, server)
    const states = rememberStates(store.catalog, environment)
    const finder = createKeyFinder({ ownKeys: keys, ring, panel, balancersOf, environment, logger })
    return {
      serverName,
      names,
      environment,
      store,
      client,
      keys,
      witness: createWitness(ring, keys),
      limits: createWorkLimits({ environment }),
      verifier: createVerifier({ finder, groupKeys: options.groupKeys, names, environment }),
      published: publishDocuments(serverName, SOFTWARE),
      states,
      listings: createListings(store.catalog),
      readListing: createListingReader(serverName),
      catalog: runCatalog({
        serverName,
        repository: options.catalog,
        store: store.catalog,
        keys,
        committed: () => states.forget(),
        environment,
        logger,
      }),
    }
  } catch (error) {
    await client.close()
    await store.close()
    throw error
  }
}

/** The load balancers that a server is known to have chosen: none when it cannot be asked and never was. */
async function knownBalancers(discovery: Discovery, serverName: string): Promise<ReadonlySet<string>> {
  const { primary, loadBalancers } = await discovery
    .lookUp(new URL(serverName).host)
    .catch(() => ({ primary: serverName, loadBalancers: [] }))
  return new Set(primary === serverName ? loadBalancers : [])
}
