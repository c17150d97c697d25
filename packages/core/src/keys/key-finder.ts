import { LRUCache } from 'lru-cache'
import { importPublicKey, type PublicKey } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { WitnessPanel } from './ask-witnesses.ts'
import type { BoundKey, KeyQuestion, KeyRing, KnownServer } from './key-ring.ts'
import type { OwnKeys } from './own-keys.ts'

/** A server whose document is younger is not asked again for a key id that it lacks, whoever makes such ids up. */
const MIN_DOCUMENT_AGE_MS = 60 * 1000

/** Witnesses are not asked again so soon about one server: its many objects cause one question and not one each. */
const WITNESSES_REST_MS = 60 * 1000

/** Servers for which the witnesses' last answer is remembered. */
const MAX_WITNESSED_SERVERS = 10_000

/** On whose word a key is believed, and for when. */
export interface KeyEvidence {
  readonly keyId: string
  readonly serverName: string
  /** `own`: this server's. `origin`: its server told. `witness`: witnesses agreed. `pinned`: the operator knows it. */
  readonly source: 'own' | 'origin' | 'witness' | 'pinned'
  /** Server names; empty for own and pinned keys. */
  readonly toldBy: readonly string[]
  /** When it was first told, POSIX milliseconds; undefined for own and pinned keys. */
  readonly firstSeenTs: number | undefined
}

/** The answer for one key id. */
export type KeyAnswer =
  | { readonly key: PublicKey; readonly evidence: KeyEvidence }
  | {
      readonly missing: 'unknown_key' | 'unreachable' | 'key_not_valid_then' | 'key_conflict'
      readonly message: string
    }

/** Finds the key that a server's signature was made with: memory, the server itself, witnesses, in this order. */
export interface KeyFinder {
  /**
   * Answers at once where nobody is asked and nothing is loaded.
   *
   * @param keyId - well formed.
   * @param madeTs - when the signature was made, POSIX milliseconds.
   */
  find(serverName: string, keyId: string, madeTs: number): KeyAnswer | Promise<KeyAnswer>
  /**
   * The key of a server that signs a request now: in its current `verify_keys`, told by itself (PROTOCOL section 8).
   *
   * @param question - on whose behalf the server may be asked, and whether its keys are remembered for ever.
   */
  findCurrent(
    serverName: string,
    keyId: string,
    question?: Pick<KeyQuestion, 'allow' | 'lasting'>,
  ): Promise<PublicKey | undefined>
}

/** What a finder works with. */
export interface KeyFinderOptions {
  /** Undefined for whoever only reads and has no server. */
  readonly ownKeys: OwnKeys | undefined
  readonly ring: KeyRing
  readonly panel: WitnessPanel
  /** The load balancers that a server is known to have chosen: their word about it does not count. */
  readonly balancersOf: (serverName: string) => Promise<ReadonlySet<string>>
  readonly environment: Environment
  readonly logger: Logger
}

/** Builds the finder. */
export function createKeyFinder(options: KeyFinderOptions): KeyFinder {
  const { ownKeys, ring, panel, balancersOf, environment, logger } = options
  const witnessed = new LRUCache<string, { readonly answer: ReturnType<typeof bindAgreed>; readonly untilTs: number }>({
    max: MAX_WITNESSED_SERVERS,
  })

  function askWitnesses(serverName: string): Promise<KnownServer | undefined> {
    const last = witnessed.get(serverName)
    if (last && environment.now() < last.untilTs) return last.answer
    const answer = bindAgreed(serverName)
    witnessed.set(serverName, { answer, untilTs: environment.now() + WITNESSES_REST_MS })
    return answer
  }

  async function bindAgreed(serverName: string): Promise<KnownServer | undefined> {
    const bindings = await panel.ask(serverName, await balancersOf(serverName))
    return bindings.length === 0 ? undefined : ring.bindWitnessed(serverName, bindings)
  }

  /** The server itself, and only when it cannot be reached, witnesses. */
  async function learn(serverName: string, known: KnownServer | undefined): Promise<KnownServer | undefined> {
    const ageMs = environment.now() - (known?.document?.fetchedTs ?? -Infinity)
    if (ageMs < MIN_DOCUMENT_AGE_MS) return known
    if (await ring.refresh(serverName)) return ring.remembered(serverName)
    return askWitnesses(serverName)
  }

  function findWith(
    known: KnownServer | undefined,
    serverName: string,
    keyId: string,
    madeTs: number,
  ): KeyAnswer | Promise<KeyAnswer> {
    const bound = known?.bindings.get(keyId)
    if (bound && isValidAt(bound, madeTs)) return found(serverName, bound)
    // What a server said of a key's end is final; only "not yet seen to be valid so long" can change.
    if (bound?.expiredTs !== undefined) return tooLate(serverName, keyId)
    return findAfresh(known, serverName, keyId, madeTs)
  }

  async function findAfresh(
    known: KnownServer | undefined,
    serverName: string,
    keyId: string,
    madeTs: number,
  ): Promise<KeyAnswer> {
    try {
      return answerFor(serverName, keyId, madeTs, await learn(serverName, known))
    } catch (error) {
      if (!(error instanceof FederationError && error.code === 'key_conflict')) throw error
      logger.error({ serverName, keyId }, error.message)
      return missing('key_conflict', reasonOf(error))
    }
  }

  return {
    find(serverName, keyId, madeTs) {
      if (serverName === ownKeys?.serverName) return findOwn(ownKeys, keyId, madeTs)
      const known = ring.remembered(serverName)
      return known instanceof Promise
        ? known.then((loaded) => findWith(loaded, serverName, keyId, madeTs))
        : findWith(known, serverName, keyId, madeTs)
    },
    async findCurrent(serverName, keyId, question) {
      if (serverName === ownKeys?.serverName) return ownCurrentKey(ownKeys, keyId)
      const known = await ring.current(serverName, question)
      const key = currentKey(known, keyId, environment.now())
      if (key) return key
      const ageMs = environment.now() - (known?.document?.fetchedTs ?? -Infinity)
      if (ageMs < MIN_DOCUMENT_AGE_MS) return undefined
      await ring.refresh(serverName, question)
      return currentKey(await ring.remembered(serverName), keyId, environment.now())
    },
  }
}

function findOwn(ownKeys: OwnKeys, keyId: string, madeTs: number): KeyAnswer {
  const own = ownKeys.all().find((key) => key.keyId === keyId)
  if (!own) return missing('unknown_key', `${keyId} is no key of this server`)
  if (own.expiredTs !== undefined && madeTs >= own.expiredTs) return tooLate(ownKeys.serverName, keyId)
  const evidence = {
    keyId,
    serverName: ownKeys.serverName,
    source: 'own',
    toldBy: [],
    firstSeenTs: undefined,
  } as const
  return { key: importPublicKey(own.signingKey.publicKey), evidence }
}

function ownCurrentKey(ownKeys: OwnKeys, keyId: string): PublicKey | undefined {
  const own = ownKeys.active().find((key) => key.keyId === keyId)
  return own && importPublicKey(own.signingKey.publicKey)
}

/** Valid when the signature was made (PROTOCOL section 5.1). */
function isValidAt({ validUntilTs, expiredTs }: BoundKey, madeTs: number): boolean {
  return expiredTs === undefined ? madeTs <= validUntilTs : madeTs < expiredTs
}

function currentKey(known: KnownServer | undefined, keyId: string, now: number): PublicKey | undefined {
  const bound = known?.bindings.get(keyId)
  return bound?.source === 'origin' && isValidAt(bound, now) ? known?.document?.verifyKeys.get(keyId) : undefined
}

function answerFor(serverName: string, keyId: string, madeTs: number, known: KnownServer | undefined): KeyAnswer {
  const bound = known?.bindings.get(keyId)
  if (bound && isValidAt(bound, madeTs)) return found(serverName, bound)
  if (bound) return tooLate(serverName, keyId)
  if (known) return missing('unknown_key', `${serverName} has no key ${keyId}`)
  return missing('unreachable', `${serverName} cannot be reached for its keys, and too few witnesses know them`)
}

function found(serverName: string, { key, keyId, source, toldBy, firstSeenTs }: BoundKey): KeyAnswer {
  return { key, evidence: { keyId, serverName, source, toldBy, firstSeenTs } }
}

function tooLate(serverName: string, keyId: string): KeyAnswer {
  return missing('key_not_valid_then', `${keyId} of ${serverName} was not valid any more when this was signed`)
}

function missing(
  reason: 'unknown_key' | 'unreachable' | 'key_not_valid_then' | 'key_conflict',
  message: string,
): KeyAnswer {
  return { missing: reason, message }
}
