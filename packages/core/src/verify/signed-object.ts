import { sameBytes } from '../bytes.ts'
import { FederationError } from '../errors.ts'
import { decodeBase64, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import { isKeyId, isServerName, type ServerNameOptions } from '../names/index.ts'

/** Signatures of one object (PROTOCOL section 2). */
const MAX_SIGNATURES = 16

const KEY_BYTES = 32

/** A catalog object whose form was checked; its signatures were not. */
export interface SignedObject {
  readonly json: JsonObject
  readonly serverName: string
  /** When it says that it was made, POSIX milliseconds; undefined in objects of other implementations. */
  readonly updatedTs: number | undefined
  /** The ids of its signatures that are well formed, with the keys that the object itself claims for them. */
  readonly claimedKeys: ReadonlyMap<string, Uint8Array | undefined>
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
    claimedKeys: claimedKeysOf(signatures, signingKeys),
    origin,
  }
}

/** Whether a claimed key is exactly this one. */
export function isClaimed(claimed: Uint8Array | undefined, key: { readonly bytes: Uint8Array }): boolean {
  return claimed !== undefined && sameBytes(claimed, key.bytes)
}

function claimedKeysOf(
  signatures: JsonValue | undefined,
  signingKeys: JsonValue | undefined,
): SignedObject['claimedKeys'] {
  if (!isJsonObject(signatures)) throw malformed('it has no signatures')
  const keyIds = Object.keys(signatures)
  if (keyIds.length > MAX_SIGNATURES) throw malformed(`it has more than ${MAX_SIGNATURES} signatures`)
  const claims = isJsonObject(signingKeys) ? signingKeys : {}
  return new Map(
    keyIds
      .filter(isKeyId)
      .map((keyId) => [keyId, decodedKey(Object.hasOwn(claims, keyId) ? claims[keyId] : undefined)]),
  )
}

function decodedKey(text: JsonValue | undefined): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return decodeBase64(text, KEY_BYTES)
  } catch {
    return undefined
  }
}

function malformed(reason: string): FederationError {
  return new FederationError('invalid_signature', `This is no signed object: ${reason}.`)
}
