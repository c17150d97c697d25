import { boundedCache } from '../cache/index.ts'
import { createDiscovery } from '../discovery/index.ts'
import { createHttpClient } from '../egress/index.ts'
import { createKeyFinder, createKeyRing, createWitnessPanel } from '../keys/index.ts'
import { createVerifier } from '../verify/index.ts'
import { openCatalog, type ReaderCatalog } from './catalog.ts'
import { createLinkPanel } from './link-panel.ts'
import { openNotebook } from './notebook.ts'
import { type ReaderOptions, resolveReaderOptions } from './options.ts'
import { rememberKeys } from './remembered-keys.ts'
import { createSites, type Site } from './sites.ts'

/** Answers of sites that are kept for the time that they count. */
const MAX_CACHED_SITES = 500

/** Finds catalogs of the federation and reads them, also when the server that they are of is gone. */
export interface Reader {
  /**
   * Finds the catalog of a site. A site that does not answer is found by what is remembered of it, or by the link.
   *
   * @param domainOrLink - `manga.example.com`, or a link that the site gives out: `https://manga.example.com/#k=…&m=…`.
   * @throws FederationError `invalid_parameter` for what is neither; when nothing is known of the site, what
   *   {@link Discovery.lookUp} throws.
   */
  lookup(domainOrLink: string): Promise<ReaderCatalog>
  /** The domains that are remembered. */
  known(): Promise<string[]>
  /** Forgets a site with its servers, keys and head. */
  forget(domain: string): Promise<void>
  /** Ends what is under way. */
  close(): Promise<void>
}

/**
 * Makes a reader.
 *
 * @throws FederationError `invalid_option`, `invalid_server_name`.
 */
export function createReader(given: ReaderOptions = {}): Reader {
  const options = resolveReaderOptions(given)
  const { random } = Math
  const client = createHttpClient({ ...options.egress, environment: options.environment })
  const common = { ...options, client, random }
  const notebook = openNotebook(common)
  const sites = createSites({
    ...common,
    notebook,
    discovery: createDiscovery({ ...common, cache: boundedCache(MAX_CACHED_SITES) }),
  })
  const ring = createKeyRing({ ...common, store: rememberKeys(notebook) })
  const panel = createLinkPanel({
    ...common,
    ring,
    witnesses: createWitnessPanel({ ...common, ring }),
    voucherFor: async (serverName) => voucherOf(sites.ofServer(serverName)),
  })
  const balancersOf = async (serverName: string): Promise<ReadonlySet<string>> =>
    new Set(sites.ofServer(serverName)?.loadBalancers)
  const finder = createKeyFinder({ ...common, ownKeys: undefined, ring, panel, balancersOf })
  const verifier = createVerifier({ ...common, finder })

  return {
    async lookup(domainOrLink) {
      const site = await sites.find(domainOrLink)
      return openCatalog({ ...common, site, notebook, finder, ring, verifier })
    },
    known: () => sites.domains(),
    forget: (domain) => sites.forget(domain),
    close: () => client.close(),
  }
}

function voucherOf(
  site: Site | undefined,
): { readonly fingerprints: readonly string[]; readonly holders: readonly string[] } | undefined {
  return site && site.fingerprints.length > 0
    ? { fingerprints: site.fingerprints, holders: [...site.mirrors, ...site.loadBalancers] }
    : undefined
}
