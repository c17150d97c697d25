import type { CatalogRepository } from './catalog/index.ts'
import { type Environment, systemEnvironment } from './environment.ts'
import { FederationError } from './errors.ts'
import { decodeBase64 } from './json/index.ts'
import { type Logger, silentLogger } from './logger.ts'
import { parseServerName, splitServerName } from './names/index.ts'
import type { Store } from './store/index.ts'

/** Key of the option that replaces the clock and the timers, for tests. A symbol: no configuration file sets it. */
export const environment: unique symbol = Symbol('environment')

/** How a site joins the federation. */
export interface FederationOptions {
  /** The public URL of this server's API, for example `https://manga.example.com/v1`: its name, for ever. */
  readonly serverName: string
  /** The site's own catalog: four functions over its database. */
  readonly catalog: CatalogRepository
  /**
   * Opens the store in which the federation remembers. Called once, by `start`; closed by `close`.
   */
  readonly store: () => Promise<Store>
  /**
   * Where the API lies on this site, for example `/v1`. Default is the path of `serverName`; give it when a proxy in
   * front rewrites paths.
   */
  readonly mountPath?: string
  /**
   * The private seed of the signing key: 32 bytes as base64. Default is a key made on the first start and kept in
   * the store.
   */
  readonly seed?: string
  /** Allow plain `http` and loopback addresses: for tests and demonstrations. Default is false. */
  readonly allowInsecure?: boolean
  /** Where the federation writes its log. Default is nowhere; adapters pass the framework's. */
  readonly logger?: Logger
  readonly [environment]?: Environment
}

/** Options that were checked once; nobody questions them afterwards. */
export interface ResolvedOptions {
  readonly serverName: string
  readonly catalog: CatalogRepository
  readonly store: () => Promise<Store>
  readonly mountPath: string
  readonly seed: Uint8Array | undefined
  readonly names: { readonly allowInsecure: boolean }
  readonly logger: Logger
  readonly environment: Environment
}

/** The four functions of a repository. */
const REPOSITORY_METHODS = ['listSeries', 'listChapters', 'getSeries', 'getChapter'] as const

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32

/** A path that the API can be mounted under: segments of plain characters, or nothing for the root. */
const MOUNT_PATH = /^(?:\/[A-Za-z0-9._~%-]+)*$/

/**
 * Checks the options and fills in what has a default.
 *
 * @throws FederationError `invalid_server_name` or `invalid_option`, whose message says what to write.
 */
export function resolveOptions(options: FederationOptions): ResolvedOptions {
  const names = { allowInsecure: options.allowInsecure ?? false }
  if (typeof options.serverName !== 'string') {
    throw invalid('serverName is missing: the public URL of this server’s API, as in https://manga.example.com/v1')
  }
  const serverName = parseServerName(options.serverName, names)
  const missing = REPOSITORY_METHODS.filter((method) => typeof options.catalog?.[method] !== 'function')
  if (missing.length > 0) throw invalid(`catalog must have the functions ${missing.join(', ')}`)
  const mountPath = (options.mountPath ?? splitServerName(serverName).path).replace(/\/$/, '')
  if (!MOUNT_PATH.test(mountPath))
    throw invalid(`mountPath must be a path such as /v1, not ${JSON.stringify(mountPath)}`)
  return {
    serverName,
    catalog: options.catalog,
    store: options.store,
    mountPath,
    seed: options.seed === undefined ? undefined : decodeSeed(options.seed),
    names,
    logger: options.logger ?? silentLogger,
    environment: options[environment] ?? systemEnvironment,
  }
}

function decodeSeed(seed: string): Uint8Array {
  try {
    return decodeBase64(seed, SEED_BYTES)
  } catch (cause) {
    // The text is a secret, so it is not repeated.
    throw new FederationError('invalid_option', `seed must be ${SEED_BYTES} bytes as base64, 43 characters`, { cause })
  }
}

function invalid(message: string): FederationError {
  return new FederationError('invalid_option', message)
}
