import { importSigningKey, randomBytes, sha256, type SigningKey } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { readyDocument, type ReadyDocument } from '../http/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, signDocument } from '../json/index.ts'
import { defaultKeyId } from '../names/index.ts'
import type { Identity, IdentityStore, OwnKey } from '../store/index.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** How long a key document is valid: as long as others count at most (PROTOCOL section 5.1). */
const DOCUMENT_LIFETIME_MS = 7 * DAY_MS

/** Key documents change rarely, and a witness that asks should get the present one soon. */
const DOCUMENT_CACHE_CONTROL = 'public, max-age=60, stale-if-error=86400'

/** Bytes of an Ed25519 seed (RFC 8032 section 5.1.5). */
const SEED_BYTES = 32

/** A key that signs for this server. */
export interface ActiveKey {
  readonly keyId: string
  readonly publicKeyBase64: string
  readonly signingKey: SigningKey
}

/** The signing keys of this server, loaded. */
export interface OwnKeys {
  readonly serverName: string
  /** The key that new objects are signed with. */
  readonly current: ActiveKey
  /** The key document (PROTOCOL section 5.1), signed by every active key, re-signed at half of its lifetime. */
  document(): ReadyDocument
}

/** Where this server's identity comes from. */
export interface OwnKeysOptions {
  readonly serverName: string
  readonly store: IdentityStore
  /** The private seed that the operator gives, 32 bytes. Without one a key is made on the first start. */
  readonly seed: Uint8Array | undefined
  readonly environment: Environment
}

/**
 * Loads this server's keys, and makes them on the first start.
 *
 * @throws FederationError `identity_mismatch` when the store belongs to another server name or another key.
 */
export async function loadOwnKeys({ serverName, store, seed, environment }: OwnKeysOptions): Promise<OwnKeys> {
  const identity = (await store.load()) ?? (await store.create(newIdentity(serverName, seed, environment.now())))
  requireSameServer(identity, serverName)
  if (seed) requireSameKey(identity, seed)
  return createOwnKeys(identity, environment)
}

function newIdentity(serverName: string, given: Uint8Array | undefined, createdTs: number): Identity {
  const seed = given ?? randomBytes(SEED_BYTES)
  const keyId = defaultKeyId(sha256(importSigningKey(seed).publicKey))
  return { serverName, keys: [{ keyId, seed, createdTs }] }
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

function requireSameKey(identity: Identity, seed: Uint8Array): void {
  const publicKey = encodeBase64(importSigningKey(seed).publicKey)
  if (identity.keys.some((key) => activeKey(key).publicKeyBase64 === publicKey)) return
  throw new FederationError(
    'identity_mismatch',
    `The seed given makes another key than the one stored for ${identity.serverName}. ` +
      'Others have bound the stored key to this name for ever. Leave the seed out to go on with the stored key.',
  )
}

function createOwnKeys(identity: Identity, environment: Environment): OwnKeys {
  const keys = identity.keys.map(activeKey)
  const [current] = keys
  if (!current) {
    throw new FederationError(
      'store_damaged',
      'The store holds this server’s name but no signing key; restore a backup.',
    )
  }
  let document: ReadyDocument | undefined
  let resignTs = 0
  return {
    serverName: identity.serverName,
    current,
    document() {
      // Looked at here and not by a timer: a laptop that slept past its timers still serves a valid document.
      const now = environment.now()
      if (!document || now >= resignTs) {
        document = signedKeyDocument(identity.serverName, keys, now + DOCUMENT_LIFETIME_MS)
        resignTs = now + DOCUMENT_LIFETIME_MS / 2
      }
      return document
    },
  }
}

function activeKey({ keyId, seed }: OwnKey): ActiveKey {
  const signingKey = importSigningKey(seed)
  return { keyId, signingKey, publicKeyBase64: encodeBase64(signingKey.publicKey) }
}

function signedKeyDocument(serverName: string, keys: readonly ActiveKey[], validUntilTs: number): ReadyDocument {
  const unsigned: JsonObject = {
    server_name: serverName,
    verify_keys: Object.fromEntries(keys.map((key) => [key.keyId, { key: key.publicKeyBase64 }])),
    old_verify_keys: {},
    valid_until_ts: validUntilTs,
  }
  const signed = keys.reduce((document, key) => signDocument(document, serverName, key.keyId, key.signingKey), unsigned)
  return readyDocument(encodeCanonical(signed), { etag: `"${validUntilTs}"`, cacheControl: DOCUMENT_CACHE_CONTROL })
}
