import { sameBytes } from '../bytes.ts'
import { FederationError } from '../errors.ts'
import { decodeBase64, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import { isKeyId, isServerName, type ServerNameOptions } from '../names/index.ts'

/** Signatures of one object (PROTOCOL section 2). */
const MAX_SIGNATURES = 16

const KEY_BYTES = 32

/** A signature's key id, with the key that the object itself claims for it. */
export interface KeyClaim {
  readonly keyId: string
  readonly key: Uint8Array | undefined
}

/** A catalog object whose form was checked; its signatures were not. */
export interface SignedObject {
  readonly json: JsonObject
  readonly serverName: string
  /** When it says that it was made, POSIX milliseconds; undefined in objects of other implementations. */
  readonly updatedTs: number | undefined
  /** Of its signatures whose key ids are well formed. */
  readonly claims: readonly KeyClaim[]
  /** The object that it mirrors. */
  readonly origin: JsonObject | undefined
}

/**
 * Checks the form of an object.
 *
 * @param json - what `parseStrict` read.
 * @throws FederationError `invalid_signature`.
 */
export function readSignedObject(json: JsonValue, names: ServerNameOptions): SignedObject {
  if (!isJsonObject(json)) throw malformed('it is not an object')
  const { id, server, metadata, updated_ts: updatedTs, signatures, signing_keys: signingKeys, origin } = json
  if (typeof id !== 'string' || !isJsonObject(metadata)) throw malformed('it has no id or no metadata')
  if (typeof server !== 'string' || !isServerName(server, names)) throw malformed('its server is no server name')
  if (updatedTs !== undefined && (typeof updatedTs !== 'number' || updatedTs < 0))
    throw malformed('updated_ts is no time')
  if (origin !== undefined && !isJsonObject(origin)) throw malformed('its origin is not an object')
  return {
    json,
    serverName: server,
    updatedTs,
    claims: claimsOf(signatures, signingKeys),
    origin,
  }
}

/** Whether a claimed key is exactly this one. */
export function isClaimed(claimed: Uint8Array | undefined, key: { readonly bytes: Uint8Array }): boolean {
  return claimed !== undefined && sameBytes(claimed, key.bytes)
}

function claimsOf(signatures: JsonValue | undefined, signingKeys: JsonValue | undefined): KeyClaim[] {
  if (!isJsonObject(signatures)) throw malformed('it has no signatures')
  const keyIds = Object.keys(signatures)
  if (keyIds.length > MAX_SIGNATURES) throw malformed(`it has more than ${MAX_SIGNATURES} signatures`)
  const keys = isJsonObject(signingKeys) ? signingKeys : {}
  return keyIds.filter(isKeyId).map((keyId) => ({
    keyId,
    key: decodedKey(Object.hasOwn(keys, keyId) ? keys[keyId] : undefined),
  }))
}

/** The key that was decoded last: the same one stands in every object of a page. */
let last: { readonly text: string; readonly key: Uint8Array } | undefined

function decodedKey(text: JsonValue | undefined): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  if (text === last?.text) return last.key
  try {
    const key = decodeBase64(text, KEY_BYTES)
    last = { text, key }
    return key
  } catch {
    return undefined
  }
}

function malformed(reason: string): FederationError {
  return new FederationError('invalid_signature', `This is no signed object: ${reason}.`)
}
