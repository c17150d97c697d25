import { createHash } from 'node:crypto'
import {
  encodeBase64,
  encodeCanonical,
  importSigningKey,
  type JsonObject,
  signDocument,
  signObject,
  type SigningKey,
  type Store,
} from '@manga-federation/core'

/** Another server with one key, made up by a fixed rule. */
export interface OtherServer {
  readonly serverName: string
  readonly keyId: string
  readonly key: SigningKey
}

/** How long its key document is valid: as long as one counts at most. */
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000

/** The server with this number. */
export function otherServer(index: number): OtherServer {
  const seed = createHash('sha256').update(String(index)).digest()
  return { serverName: `https://manga${index}.example.org/v1`, keyId: 'ed25519:a1', key: importSigningKey(seed) }
}

/** An object of this server: what `unsigned` is, as its own and signed. */
export function objectOf({ serverName, keyId, key }: OtherServer, unsigned: object): JsonObject {
  const signingKeys = { [keyId]: encodeBase64(key.publicKey) }
  return signObject({ ...unsigned, server: serverName, signing_keys: signingKeys }, keyId, key)
}

/** Keeps the server's keys in a store, as if it had been asked just now. */
export async function remember(store: Store, { serverName, keyId, key }: OtherServer): Promise<void> {
  const nowTs = Date.now()
  const validUntilTs = nowTs + LIFETIME_MS
  const unsigned = {
    server_name: serverName,
    verify_keys: { [keyId]: { key: encodeBase64(key.publicKey) } },
    old_verify_keys: {},
    valid_until_ts: validUntilTs,
  }
  const bytes = encodeCanonical(signDocument(unsigned, serverName, keyId, key))
  const told = {
    source: 'origin',
    toldBy: [serverName],
    firstSeenTs: nowTs,
    validUntilTs,
    expiredTs: undefined,
  } as const
  await store.remoteKeys.save({
    serverName,
    document: { bytes, validUntilTs, fetchedTs: nowTs },
    bindings: [{ ...told, keyId, publicKey: key.publicKey }],
    lasting: true,
    usedTs: nowTs,
  })
}
