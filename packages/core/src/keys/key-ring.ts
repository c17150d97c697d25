import { LRUCache } from 'lru-cache'
import { sameBytes } from '../bytes.ts'
import { importPublicKey, type PublicKey } from '../crypto/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { encodeCanonical } from '../json/index.ts'
import type { Release } from '../limits/index.ts'
import type { Logger } from '../logger.ts'
import type { KeyBinding, RemoteKeys, RemoteKeyStore } from '../store/index.ts'
import { type KeyDocument, MAX_KEY_DOCUMENT_BYTES, parseKeyDocument } from './key-document.ts'
import { effectiveExpiry } from './key-lifetime.ts'
import { createRefreshGate, type RefreshGate } from './refresh-gate.ts'

/** Servers whose keys are kept ready in memory; some KiB each. */
const MAX_READY_SERVERS = 2000

/** Servers that only strangers asked about and whose keys are kept in the store. */
const MAX_PASSING_SERVERS = 20_000

/** Key ids that one server can ever have: a rotation a week for twenty years. */
const MAX_BINDINGS = 1000

/** After so many fetches for strangers the store is trimmed: rare enough to cost nothing, soon enough to bound it. */
const FETCHES_A_TRIM = 500

/** A key that is bound to a server. */
export interface BoundKey extends KeyBinding {
  readonly key: PublicKey
}

/** What is known of one server's keys, ready to use. */
export interface KnownServer {
  readonly serverName: string
  /** The last good document from the server itself. */
  readonly document: (KeyDocument & { readonly bytes: Uint8Array; readonly fetchedTs: number }) | undefined
  readonly bindings: ReadonlyMap<string, BoundKey>
}

/** How to answer a question for keys. */
export interface KeyQuestion {
  /** Ask the server again when its document ends before this, POSIX milliseconds. Default is now. */
  readonly minimumValidUntilTs?: number
  /** Asked before a request goes out on somebody's behalf; undefined forbids it. Default: it may. */
  readonly allow?: () => Release | undefined
  /** Whether the keys are remembered for ever, or only as long as there is room. Default is true. */
  readonly lasting?: boolean
}

/** The keys of other servers: fetched, bound, remembered (PROTOCOL section 5.1). */
export interface KeyRing {
  /**
   * What is known of a server, fetched anew when nothing is, when half of its document's lifetime is over, or when it
   * ends too early. A failed fetch leaves what was known; undefined when nothing is. Never rejects for the other
   * server's faults.
   */
  current(serverName: string, question?: KeyQuestion): Promise<KnownServer | undefined>
  /** What is in memory and need not be asked for anew; undefined says nothing about the server. */
  atHand(serverName: string, question?: KeyQuestion): KnownServer | undefined
  /** What is remembered, without asking anybody; at once what is in memory. */
  remembered(serverName: string): KnownServer | Promise<KnownServer | undefined>
  /**
   * Asks the server itself, unless it failed lately.
   *
   * @returns whether its answer came and was accepted, now or by the fetch that was under way.
   */
  refresh(serverName: string, question?: KeyQuestion): Promise<boolean>
  /**
   * Binds what witnesses agreed on, provisionally.
   *
   * @throws FederationError `key_conflict` when a key id is bound to another key.
   */
  bindWitnessed(serverName: string, bindings: readonly KeyBinding[]): Promise<KnownServer>
}

/** What a key ring works with. */
export interface KeyRingOptions {
  readonly store: RemoteKeyStore
  readonly client: HttpClient
  readonly environment: Environment
  readonly logger: Logger
}

/** Builds the ring of other servers' keys. */
export function createKeyRing({ store, client, environment, logger }: KeyRingOptions): KeyRing {
  const ready = new LRUCache<string, KnownServer>({ max: MAX_READY_SERVERS })
  const gate: RefreshGate = createRefreshGate(environment)
  let fetches = 0

  function remembered(serverName: string): KnownServer | Promise<KnownServer | undefined> {
    return ready.get(serverName) ?? loaded(serverName)
  }

  async function loaded(serverName: string): Promise<KnownServer | undefined> {
    const stored = await store.load(serverName)
    return stored && makeReady(stored)
  }

  function makeReady(stored: RemoteKeys, document?: KeyDocument): KnownServer {
    const known = readyServer(stored, document)
    ready.set(stored.serverName, known)
    return known
  }

  /** Asks the server itself; throws when its answer is not accepted. */
  async function fetchKeys(serverName: string, lasting: boolean): Promise<void> {
    const { status, body } = await client.request('GET', `${serverName}/keys`, {
      headers: { accept: 'application/json' },
      maxBytes: MAX_KEY_DOCUMENT_BYTES,
    })
    if (status !== 200)
      throw new FederationError('bad_response', `${serverName} answered ${status} when asked for its keys.`)
    const document = parseKeyDocument(body, serverName)
    const now = environment.now()
    const bindings = bindingsOf(document, now)
    const known = await remembered(serverName)
    refuseConflicts(serverName, known, bindings)
    refuseFlood(serverName, known, bindings)
    const stored = await store.save({
      serverName,
      document: { bytes: encodeCanonical(document.json), validUntilTs: document.validUntilTs, fetchedTs: now },
      bindings,
      lasting,
      usedTs: now,
    })
    refuseConflicts(serverName, readyServer(stored), bindings)
    makeReady(stored, document)
    if (!lasting && ++fetches % FETCHES_A_TRIM === 0) await store.trim(MAX_PASSING_SERVERS)
  }

  async function refresh(serverName: string, { allow, lasting = true }: KeyQuestion = {}): Promise<boolean> {
    return gate.enter(serverName, allow, async () => {
      try {
        await fetchKeys(serverName, lasting)
      } catch (error) {
        const level = error instanceof FederationError && error.code === 'key_conflict' ? 'error' : 'info'
        logger[level]({ serverName }, `the keys of ${serverName} could not be had: ${reasonOf(error)}`)
        throw error
      }
    })
  }

  return {
    atHand(serverName, question) {
      const known = ready.get(serverName)
      return isDue(known, question?.minimumValidUntilTs, environment.now()) ? undefined : known
    },
    remembered,
    refresh,
    async current(serverName, question = {}) {
      const known = await remembered(serverName)
      if (!isDue(known, question.minimumValidUntilTs, environment.now())) return known
      await refresh(serverName, question)
      return remembered(serverName)
    },
    async bindWitnessed(serverName, bindings) {
      refuseConflicts(serverName, await remembered(serverName), bindings)
      const usedTs = environment.now()
      const stored = await store.save({ serverName, document: undefined, bindings, lasting: true, usedTs })
      const known = makeReady(stored)
      refuseConflicts(serverName, known, bindings)
      return known
    },
  }
}

/** Whether a server should be asked (PROTOCOL section 5.2). */
function isDue(known: KnownServer | undefined, minimumValidUntilTs: number | undefined, now: number): boolean {
  if (!known?.document) return true
  const { fetchedTs, validUntilTs } = known.document
  const halfLifeTs = fetchedTs + (effectiveExpiry(validUntilTs, fetchedTs) - fetchedTs) / 2
  return now >= halfLifeTs || validUntilTs < (minimumValidUntilTs ?? now)
}

function readyServer({ serverName, document, bindings }: RemoteKeys, parsed?: KeyDocument): KnownServer {
  // A document that came too late to replace the stored one is not the current one.
  const isStored = parsed?.validUntilTs === document?.validUntilTs
  return {
    serverName,
    document: document && {
      ...(parsed && isStored ? parsed : parseKeyDocument(document.bytes, serverName)),
      bytes: document.bytes,
      fetchedTs: document.fetchedTs,
    },
    bindings: new Map(
      bindings.map((binding) => [binding.keyId, { ...binding, key: importPublicKey(binding.publicKey) }]),
    ),
  }
}

/** What a document that the server itself gave binds. */
function bindingsOf({ serverName, verifyKeys, oldVerifyKeys, validUntilTs }: KeyDocument, now: number): KeyBinding[] {
  const told = { source: 'origin', toldBy: [serverName], firstSeenTs: now } as const
  const current = Array.from(verifyKeys, ([keyId, key]) => ({
    ...told,
    keyId,
    publicKey: key.bytes,
    validUntilTs: effectiveExpiry(validUntilTs, now),
    expiredTs: undefined,
  }))
  const old = Array.from(oldVerifyKeys, ([keyId, { key, expiredTs }]) => ({
    ...told,
    keyId,
    publicKey: key.bytes,
    validUntilTs: 0,
    expiredTs,
  }))
  return [...current, ...old]
}

/** First seen wins, for ever; only what witnesses told gives way, and to the server itself alone. */
function refuseConflicts(serverName: string, known: KnownServer | undefined, bindings: readonly KeyBinding[]): void {
  for (const { keyId, publicKey, source } of bindings) {
    const bound = known?.bindings.get(keyId)
    if (!bound || sameBytes(bound.publicKey, publicKey)) continue
    if (bound.source === 'witness' && source === 'origin') continue
    throw new FederationError(
      'key_conflict',
      `${serverName} is bound to another key under ${keyId}, told by ${bound.toldBy.join(' and ')} first. ` +
        'A key id never comes to mean another key: somebody may be speaking for that server who is not it.',
    )
  }
}

/** Everything remembered about a stranger has a cap (PROTOCOL section 11). */
function refuseFlood(serverName: string, known: KnownServer | undefined, bindings: readonly KeyBinding[]): void {
  const fresh = bindings.filter(({ keyId }) => !known?.bindings.has(keyId))
  if ((known?.bindings.size ?? 0) + fresh.length <= MAX_BINDINGS) return
  throw new FederationError(
    'invalid_key_document',
    `${serverName} has had more than ${MAX_BINDINGS} keys; no more are remembered.`,
  )
}
