import type { PublicKey } from '../crypto/index.ts'
import type { EgressPolicy } from '../egress/index.ts'
import { type Environment, systemEnvironment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import type { ConfiguredWitness } from '../keys/index.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { environment } from '../options.ts'
import { keyMap, quorumOf, type WitnessOption, witnessOf } from '../trust-options.ts'
import { type Memory, memoryInProcess } from './memory.ts'

/** About two megabytes: what a phone can load to know that nothing was left out. */
const DEFAULT_MAX_LOG_ENTRIES = 2000

/** How a reader app reads catalogs. Nothing is required. */
export interface ReaderOptions {
  /**
   * Where sites, keys and heads are kept from one start of the app to the next: `memoryOf(localStorage)`. Default is the
   * page or process, which forgets them with its end.
   */
  readonly memory?: Memory
  /** Servers that are asked for the keys of a server that cannot be reached. Default is none. */
  readonly witnesses?: readonly WitnessOption[]
  /** How many witnesses must agree, at least 1. Default is 2. */
  readonly quorum?: number
  /** Public keys of release groups that you know, as base64, by the group's name. Default is none. */
  readonly groupKeys?: Readonly<Record<string, string>>
  /**
   * Whether load balancers leave something out or serve old versions shows in the log. It is read of its own accord
   * when it has at most so many entries, some 1 KiB each; a longer one by `check()`. Default is 2,000.
   */
  readonly maxLogEntries?: number
  /** Where the reader writes what it does. Default is nowhere. */
  readonly logger?: Logger
  /** Allow plain `http` and loopback addresses: for tests and demonstrations. Default is false. */
  readonly allowInsecure?: boolean
  /** Ports of servers besides 443 and 80. `any` is for tests and demonstrations. Default is none. */
  readonly allowedPorts?: readonly number[] | 'any'
  readonly [environment]?: Environment
}

/** Options that were checked once. */
export interface ResolvedReaderOptions {
  readonly memory: Memory
  readonly witnesses: readonly ConfiguredWitness[]
  readonly quorum: number
  readonly groupKeys: ReadonlyMap<string, PublicKey>
  readonly maxLogEntries: number
  readonly logger: Logger
  readonly names: { readonly allowInsecure: boolean }
  readonly egress: EgressPolicy
  readonly environment: Environment
}

/** @throws FederationError `invalid_option`, `invalid_server_name`. */
export function resolveReaderOptions(options: ReaderOptions): ResolvedReaderOptions {
  const { allowInsecure = false, maxLogEntries = DEFAULT_MAX_LOG_ENTRIES } = options
  const names = { allowInsecure }
  if (!Number.isSafeInteger(maxLogEntries) || maxLogEntries < 0) {
    throw new FederationError('invalid_option', 'maxLogEntries must be a whole number, at least 0')
  }
  return {
    memory: options.memory ?? memoryInProcess(),
    witnesses: (options.witnesses ?? []).map((witness) => witnessOf(witness, names)),
    quorum: quorumOf(options.quorum),
    groupKeys: keyMap(options.groupKeys ?? {}, 'groupKeys'),
    maxLogEntries,
    logger: options.logger ?? silentLogger,
    names,
    egress: { ...names, allowedPorts: options.allowedPorts },
    environment: options[environment] ?? systemEnvironment,
  }
}
