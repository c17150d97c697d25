import type { RegistrationPolicy } from './balancers/index.ts'
import { boundedCache, type Cache } from './cache/index.ts'
import type { CatalogRepository } from './catalog/index.ts'
import type { PublicKey } from './crypto/index.ts'
import type { EgressPolicy } from './egress/index.ts'
import { type Environment, systemEnvironment } from './environment.ts'
import { FederationError } from './errors.ts'
import { decodeBase64 } from './json/index.ts'
import { type ConfiguredWitness, keyOfSeed, readIdentity } from './keys/index.ts'
import { type Logger, silentLogger } from './logger.ts'
import type { OnMirrored } from './mirrored/index.ts'
import { parseServerName, splitServerName } from './names/index.ts'
import type { NonceStore, OwnKey, Store } from './store/index.ts'
import type { MetricsRegistry, Tracer } from './telemetry/index.ts'
import { keyMap, quorumOf, type WitnessOption, witnessOf } from './trust-options.ts'

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
  /**
   * An exported identity, to move a server or to bring it back. Used on the first start; later it must be the one that
   * is stored. Default is none.
   */
  readonly identity?: string
  /**
   * Servers that are asked for the keys of a server that cannot be reached: their names, or names with the keys that
   * you know them by. Default is none. See `docs/witnesses.md`.
   */
  readonly witnesses?: readonly WitnessOption[]
  /** How many witnesses must agree, at least 1. Default is 2. */
  readonly quorum?: number
  /** Public keys of release groups that you know, as base64, by the group's name. Default is none. */
  readonly groupKeys?: Readonly<Record<string, string>>
  /**
   * Told of what was mirrored of the servers that you follow, once it is stored; again when it throws, and after a
   * crash, so it may be told of one change twice. Default is none. See `docs/mirroring.md`.
   */
  readonly onMirrored?: OnMirrored
  /**
   * Whether other servers can reach this one. If not (behind a home router, say), it keeps a connection open to those
   * that it follows, so that their changes still come at once. Default is true.
   */
  readonly reachable?: boolean
  /**
   * Who may become a load balancer of this server, and is named to readers while it holds the entire catalog: `open`
   * for whoever asks, `approve` for whom `loadBalancers.approve` is called, `closed` for nobody further. Default is
   * `approve`. See `docs/volunteers.md`.
   */
  readonly loadBalancers?: RegistrationPolicy
  /** Where answers of other servers are remembered that may be lost: a `Keyv`. Default is memory, bounded. */
  readonly cache?: Cache
  /**
   * Where the nonces of received requests are remembered, so that none is accepted twice; all processes of a site share
   * it. Default is the store.
   */
  readonly nonces?: NonceStore
  /** Allow plain `http` and loopback addresses: for tests and demonstrations. Default is false. */
  readonly allowInsecure?: boolean
  /** Ports of other servers besides 443 and 80. `any` is for tests and demonstrations. Default is none. */
  readonly allowedPorts?: readonly number[] | 'any'
  /** Where the federation writes its log. Default is nowhere; adapters pass the framework's. */
  readonly logger?: Logger
  /** A registry of prom-client, such as its `register`. Default is none. See `docs/monitoring.md`. */
  readonly metrics?: MetricsRegistry
  /** A tracer of @opentelemetry/api: `trace.getTracer('my-site')`. Default is none. */
  readonly tracer?: Tracer
  readonly [environment]?: Environment
}

/** Options that were checked once; nobody questions them afterwards. */
export interface ResolvedOptions {
  readonly serverName: string
  readonly catalog: CatalogRepository
  readonly store: () => Promise<Store>
  readonly mountPath: string
  /** The keys that the operator gives, of a seed or an exported identity. */
  readonly givenKeys: readonly OwnKey[] | undefined
  /** Whether they are those of a server that published before, maybe from a store that was lost. */
  readonly isImported: boolean
  readonly witnesses: readonly ConfiguredWitness[]
  readonly quorum: number
  readonly groupKeys: ReadonlyMap<string, PublicKey>
  readonly onMirrored: OnMirrored | undefined
  readonly reachable: boolean
  readonly loadBalancers: RegistrationPolicy
  readonly cache: Cache
  readonly nonces: NonceStore | undefined
  readonly names: { readonly allowInsecure: boolean }
  readonly egress: EgressPolicy
  readonly logger: Logger
  readonly metrics: MetricsRegistry | undefined
  readonly tracer: Tracer | undefined
  readonly environment: Environment
}

/** The four functions of a repository. */
const REPOSITORY_METHODS = ['listSeries', 'listChapters', 'getSeries', 'getChapter'] as const

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32

/** Answers of other servers that are remembered in memory; about 1 KiB each. */
const MAX_CACHED_ANSWERS = 10_000

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
    givenKeys: givenKeysOf(options, serverName),
    isImported: options.identity !== undefined,
    witnesses: (options.witnesses ?? []).map((witness) => witnessOf(witness, names)),
    quorum: quorumOf(options.quorum),
    groupKeys: keyMap(options.groupKeys ?? {}, 'groupKeys'),
    onMirrored: onMirroredOf(options.onMirrored),
    reachable: options.reachable ?? true,
    loadBalancers: policyOf(options.loadBalancers),
    cache: options.cache ?? boundedCache(MAX_CACHED_ANSWERS),
    nonces: options.nonces,
    names,
    egress: { ...names, allowedPorts: options.allowedPorts },
    logger: options.logger ?? silentLogger,
    metrics: options.metrics,
    tracer: options.tracer,
    environment: options[environment] ?? systemEnvironment,
  }
}

function givenKeysOf(options: FederationOptions, serverName: string): readonly OwnKey[] | undefined {
  if (options.seed !== undefined && options.identity !== undefined) throw invalid('give seed or identity, not both')
  if (options.seed !== undefined) {
    return [keyOfSeed(decodeSeed(options.seed), (options[environment] ?? systemEnvironment).now())]
  }
  if (options.identity === undefined) return undefined
  const identity = readIdentity(options.identity, { allowInsecure: options.allowInsecure })
  if (identity.serverName === serverName) return identity.keys
  throw invalid(`identity is that of ${identity.serverName}, and serverName is ${serverName}: they must be the same`)
}

function onMirroredOf(onMirrored: FederationOptions['onMirrored']): OnMirrored | undefined {
  if (onMirrored === undefined || typeof onMirrored === 'function') return onMirrored
  throw invalid('onMirrored must be a function: it is called with what was mirrored')
}

function policyOf(policy: RegistrationPolicy = 'approve'): RegistrationPolicy {
  if (policy === 'open' || policy === 'approve' || policy === 'closed') return policy
  throw invalid('loadBalancers must be open, approve or closed')
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
