import { importSigningKey, randomBytes, sha256, type SigningKey } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { readyDocument, type ReadyDocument } from '../http/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, signDocument } from '../json/index.ts'
import { defaultKeyId } from '../names/index.ts'
import type { Identity, IdentityStore, OwnKey } from '../store/index.ts'
import { KEY_LIFETIME_MS } from './key-lifetime.ts'

/** Key documents change rarely, and a witness that asks should get the present one soon. */
export const KEY_CACHE_CONTROL = 'public, max-age=60, stale-if-error=86400'

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32

/** A key that signs for this server, or did. */
export interface LoadedKey {
  readonly keyId: string
  readonly signingKey: SigningKey
  readonly publicKeyBase64: string
  /** When it stopped or will stop signing, POSIX milliseconds; undefined while nobody retired it. */
  readonly expiredTs: number | undefined
}

/** The signing keys of this server, loaded. */
export interface OwnKeys {
  readonly serverName: string
  /** The keys that sign now, newest first: one, or during a rotation's overlap the new and the old. */
  active(): readonly LoadedKey[]
  /** All keys that this server ever published, newest first. */
  all(): readonly LoadedKey[]
  /** The key document (PROTOCOL section 5.1), signed by every active key, signed again at half of its lifetime. */
  document(): ReadyDocument
  /**
   * Makes a new key. It signs from now on; the keys before it sign along for `overlapMs` and are old afterwards, with
   * an `expired_ts` that never changes.
   *
   * @param overlapMs - default is 7 days, as long as others may still hold a document without the new key.
   * @throws FederationError `store_conflict` when another process rotated at the same time.
   */
  rotate(overlapMs?: number): Promise<void>
  /** Takes up the keys that another process on the same store made. @returns whether there are any. */
  reload(): Promise<boolean>
  /** The identity as it is stored, private seeds included. */
  identity(): Identity
}

/** Where this server's identity comes from. */
export interface OwnKeysOptions {
  readonly serverName: string
  readonly store: IdentityStore
  /** The keys that the operator gives, of a seed or of an exported identity. Without them one is made. */
  readonly given: readonly OwnKey[] | undefined
  readonly environment: Environment
}

/** A key of a seed, with its default key id. */
export function keyOfSeed(seed: Uint8Array, createdTs: number): OwnKey {
  return { keyId: defaultKeyId(sha256(importSigningKey(seed).publicKey)), seed, createdTs, expiredTs: undefined }
}

/**
 * Loads this server's keys, and makes them on the first start.
 *
 * @throws FederationError `identity_mismatch` when the store belongs to another server name or to other keys.
 */
export async function loadOwnKeys({ serverName, store, given, environment }: OwnKeysOptions): Promise<OwnKeys> {
  const now = environment.now()
  const keys = given ?? [keyOfSeed(randomBytes(SEED_BYTES), now)]
  const identity = (await store.load()) ?? (await store.create({ serverName, keys }))
  requireSameServer(identity, serverName)
  if (given) requireSameKeys(identity, given)
  if (identity.keys.length === 0) {
    throw new FederationError(
      'store_damaged',
      'The store holds this server’s name but no signing key; restore a backup.',
    )
  }
  return createOwnKeys(identity, store, environment)
}

function requireSameServer(identity: Identity, serverName: string): void {
  if (identity.serverName === serverName) return
  throw new FederationError(
    'identity_mismatch',
    `The store belongs to ${identity.serverName}, and the site was started as ${serverName}. ` +
      'Others know this identity under its first name. Start with that serverName again; ' +
      'or, to begin as a new server, give it a store (a database file) of its own.',
  )
}

/** Keys that were rotated out since may be missing from what is given; none may differ. */
function requireSameKeys(identity: Identity, given: readonly OwnKey[]): void {
  const stored = new Set(identity.keys.map((key) => encodeBase64(key.seed)))
  if (given.every((key) => stored.has(encodeBase64(key.seed)))) return
  throw new FederationError(
    'identity_mismatch',
    `The key given is another one than the key stored for ${identity.serverName}. ` +
      'Others have bound the stored key to this name for ever. Leave the seed or identity out to go on with the stored key.',
  )
}

function createOwnKeys(identity: Identity, store: IdentityStore, environment: Environment): OwnKeys {
  const { serverName } = identity
  let stored = identity.keys
  let loaded = newestFirst(stored)
  let document: ReadyDocument | undefined
  let outdatedTs = 0

  const isActive = ({ expiredTs }: LoadedKey): boolean => expiredTs === undefined || expiredTs > environment.now()
  const active = (): LoadedKey[] => loaded.filter(isActive)

  function use(keys: readonly OwnKey[]): void {
    stored = keys
    loaded = newestFirst(keys)
    document = undefined
  }

  async function reload(): Promise<boolean> {
    const keys = (await store.load())?.keys ?? stored
    const isChanged = keys.length !== stored.length || keys.some(({ keyId }, place) => keyId !== stored[place]?.keyId)
    if (isChanged) use(keys)
    return isChanged
  }

  return {
    serverName,
    active,
    all: () => loaded,
    identity: () => ({ serverName, keys: stored }),
    document() {
      // Looked at here and not by a timer: a laptop that slept past its timers still serves a valid document.
      const now = environment.now()
      if (!document || now >= outdatedTs) {
        document = signedKeyDocument(serverName, loaded, active(), now + KEY_LIFETIME_MS)
        outdatedTs = Math.min(now + KEY_LIFETIME_MS / 2, ...active().map((key) => key.expiredTs ?? Infinity))
      }
      return document
    },
    async rotate(overlapMs = KEY_LIFETIME_MS) {
      const now = environment.now()
      const retired = stored.map((key) => ({ ...key, expiredTs: key.expiredTs ?? now + overlapMs }))
      const keys = [...retired, keyOfSeed(randomBytes(SEED_BYTES), now)]
      if (
        !(await store.replaceKeys(
          stored.map((key) => key.keyId),
          keys,
        ))
      ) {
        await reload()
        throw new FederationError(
          'store_conflict',
          'Another process rotated the keys at the same time. That counts; look at the keys before you rotate again.',
        )
      }
      use(keys)
    },
    reload,
  }
}

function newestFirst(keys: readonly OwnKey[]): LoadedKey[] {
  return keys.toReversed().map(({ keyId, seed, expiredTs }) => {
    const signingKey = importSigningKey(seed)
    return { keyId, signingKey, publicKeyBase64: encodeBase64(signingKey.publicKey), expiredTs }
  })
}

function signedKeyDocument(
  serverName: string,
  all: readonly LoadedKey[],
  active: readonly LoadedKey[],
  validUntilTs: number,
): ReadyDocument {
  const old = all.filter((key) => !active.includes(key))
  const unsigned: JsonObject = {
    server_name: serverName,
    verify_keys: Object.fromEntries(active.map((key) => [key.keyId, { key: key.publicKeyBase64 }])),
    old_verify_keys: Object.fromEntries(
      old.map((key) => [key.keyId, { key: key.publicKeyBase64, expired_ts: key.expiredTs ?? 0 }]),
    ),
    valid_until_ts: validUntilTs,
  }
  const signed = signAs(unsigned, serverName, active)
  return readyDocument(encodeCanonical(signed), {
    etag: `"${validUntilTs}-${active.map((key) => key.keyId).join('-')}"`,
    cacheControl: KEY_CACHE_CONTROL,
  })
}

/** Adds the signatures of these keys under a server's name. */
export function signAs(document: JsonObject, serverName: string, keys: readonly LoadedKey[]): JsonObject {
  return keys.reduce((signed, key) => signDocument(signed, serverName, key.keyId, key.signingKey), document)
}
