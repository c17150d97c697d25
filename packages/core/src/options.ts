import { boundedCache, type Cache } from './cache/index.ts'
import type { CatalogRepository } from './catalog/index.ts'
import { importPublicKey, type PublicKey } from './crypto/index.ts'
import type { EgressPolicy } from './egress/index.ts'
import { type Environment, systemEnvironment } from './environment.ts'
import { FederationError, reasonOf } from './errors.ts'
import { decodeBase64 } from './json/index.ts'
import { type ConfiguredWitness, keyOfSeed, readIdentity } from './keys/index.ts'
import { type Logger, silentLogger } from './logger.ts'
import { isKeyId, parseServerName, splitServerName } from './names/index.ts'
import type { OwnKey, Store } from './store/index.ts'

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
  readonly witnesses?: readonly (
    | string
    | { readonly serverName: string; readonly keys: Readonly<Record<string, string>> }
  )[]
  /** How many witnesses must agree, at least 1. Default is 2. */
  readonly quorum?: number
  /** Public keys of release groups that you know, as base64, by the group's name. Default is none. */
  readonly groupKeys?: Readonly<Record<string, string>>
  /** Where answers of other servers are remembered that may be lost: a `Keyv`. Default is memory, bounded. */
  readonly cache?: Cache
  /** Allow plain `http` and loopback addresses: for tests and demonstrations. Default is false. */
  readonly allowInsecure?: boolean
  /** Ports of other servers besides 443 and 80. `any` is for tests and demonstrations. Default is none. */
  readonly allowedPorts?: readonly number[] | 'any'
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
  /** The keys that the operator gives, of a seed or an exported identity. */
  readonly givenKeys: readonly OwnKey[] | undefined
  readonly witnesses: readonly ConfiguredWitness[]
  readonly quorum: number
  readonly groupKeys: ReadonlyMap<string, PublicKey>
  readonly cache: Cache
  readonly names: { readonly allowInsecure: boolean }
  readonly egress: EgressPolicy
  readonly logger: Logger
  readonly environment: Environment
}

/** The four functions of a repository. */
const REPOSITORY_METHODS = ['listSeries', 'listChapters', 'getSeries', 'getChapter'] as const

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32

/** Bytes of an Ed25519 public key. */
const PUBLIC_KEY_BYTES = 32

/** Two that are independent of each other: one alone could lie unnoticed (PROTOCOL section 5.3). */
const DEFAULT_QUORUM = 2

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
    witnesses: (options.witnesses ?? []).map((witness) => witnessOf(witness, names)),
    quorum: quorumOf(options.quorum),
    groupKeys: keyMap(options.groupKeys ?? {}, 'groupKeys'),
    cache: options.cache ?? boundedCache(MAX_CACHED_ANSWERS),
    names,
    egress: { ...names, allowedPorts: options.allowedPorts },
    logger: options.logger ?? silentLogger,
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

function witnessOf(
  witness: NonNullable<FederationOptions['witnesses']>[number],
  names: { readonly allowInsecure: boolean },
): ConfiguredWitness {
  if (typeof witness === 'string') return { serverName: parseServerName(witness, names), pinned: new Map() }
  const malformed = Object.keys(witness.keys).find((keyId) => !isKeyId(keyId))
  if (malformed !== undefined) throw invalid(`witnesses: ${malformed} is no key id; it looks like ed25519:21fe31dfa1`)
  return { serverName: parseServerName(witness.serverName, names), pinned: keyMap(witness.keys, 'witnesses') }
}

function quorumOf(quorum = DEFAULT_QUORUM): number {
  if (Number.isSafeInteger(quorum) && quorum >= 1) return quorum
  throw invalid('quorum must be a whole number, at least 1')
}

function keyMap(keys: Readonly<Record<string, string>>, option: string): Map<string, PublicKey> {
  return new Map(
    Object.entries(keys).map(([name, text]) => {
      try {
        return [name, importPublicKey(decodeBase64(text, PUBLIC_KEY_BYTES))]
      } catch (cause) {
        throw new FederationError(
          'invalid_option',
          `${option}: the key of ${name} cannot be used: ${reasonOf(cause)}`,
          { cause },
        )
      }
    }),
  )
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
