import {
  type Catalog,
  type CatalogReading,
  catalogRoutes,
  createListings,
  runCatalog,
  type RunningCatalog,
} from './catalog/index.ts'
import { discoveryRoutes, publishDocuments, type PublishedDocuments } from './discovery/index.ts'
import { FederationError } from './errors.ts'
import {
  createDispatcher,
  createMatcher,
  type FederationRequest,
  type FederationResponse,
  type MountedRoute,
  mountRoutes,
  type Route,
} from './http/index.ts'
import { keyRoutes, loadOwnKeys, type OwnKeys } from './keys/index.ts'
import { decodeServerNameSegment } from './names/index.ts'
import { type FederationOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { Store } from './store/index.ts'
import { VERSION } from './version.ts'

/** What this software calls itself on the version route. */
const SOFTWARE = { name: 'manga-federation', version: VERSION }

/** A small catalog is complete when the site begins to listen; a large one does not hold it up for longer. */
const MAX_FIRST_PUBLISH_WAIT_MS = 5000

/** The parts of a running federation, as the routes use them. */
interface Machine extends CatalogReading {
  readonly store: Store
  readonly keys: OwnKeys
  readonly published: PublishedDocuments
  readonly catalog: RunningCatalog
}

const ROUTES: readonly Route<Machine>[] = [...discoveryRoutes, ...keyRoutes, ...catalogRoutes]

/** One server of the Federated Manga network. */
export interface Federation {
  readonly serverName: string
  /** All routes with their place on this site, for adapters and documentation. */
  readonly routes: readonly MountedRoute<never>[]
  /** The site's own catalog. */
  readonly catalog: Catalog
  /** Whether a request with this raw target is the federation's. Costs next to nothing. */
  owns(target: string): boolean
  /** Answers a request; undefined when it is not the federation's. Never rejects. Starts the federation if needed. */
  handle(request: FederationRequest): Promise<FederationResponse | undefined>
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
  let closed = false

  function running(): Promise<Machine> {
    if (closed) return Promise.reject(new FederationError('closed', 'The federation was closed.'))
    machine ??= assemble(options).catch((error: unknown) => {
      machine = undefined
      throw error
    })
    return machine
  }

  return {
    serverName: options.serverName,
    routes,
    catalog: {
      changed: async (ids) => (await running()).catalog.changed(ids),
      reconcile: async (how) => (await running()).catalog.reconcile(how),
      status: async () => (await running()).catalog.status(),
    },
    owns: (target) => match(target) !== undefined,
    handle: createDispatcher({
      match,
      parts: running,
      decodeServerName: (raw) => decodeServerNameSegment(raw, options.names),
      logger: options.logger,
    }),
    async start() {
      const { catalog } = await running()
      await atMost(catalog.reconcile(), MAX_FIRST_PUBLISH_WAIT_MS, options)
    },
    async close() {
      closed = true
      const parts = await machine?.catch(() => undefined)
      machine = undefined
      await parts?.catalog.stop()
      await parts?.store.close()
    },
  }
}

async function assemble(options: ResolvedOptions): Promise<Machine> {
  const { serverName, environment, logger } = options
  const store = await options.store()
  try {
    const keys = await loadOwnKeys({ serverName, store: store.identity, seed: options.seed, environment })
    return {
      serverName,
      store,
      keys,
      published: publishDocuments(serverName, SOFTWARE),
      catalogStore: store.catalog,
      listings: createListings(store.catalog),
      catalog: runCatalog({
        serverName,
        repository: options.catalog,
        store: store.catalog,
        key: keys.current,
        environment,
        logger,
      }),
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Waits for a promise, but not longer than this. */
async function atMost(promise: Promise<unknown>, limitMs: number, { environment }: ResolvedOptions): Promise<void> {
  let cancel: (() => void) | undefined
  const limit = new Promise<void>((resolve) => {
    cancel = environment.after(limitMs, resolve)
  })
  await Promise.race([promise, limit])
  cancel?.()
}
