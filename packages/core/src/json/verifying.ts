import { type PublicKey, type SignatureCheck, verifySignature } from '../crypto/index.ts'
import { isKeyId } from '../names/index.ts'
import { decodeBase64 } from './base64.ts'
import { signedBytes } from './signing.ts'
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from './value.ts'

/** Signatures cost time to verify, so their number is limited before any is looked at (PROTOCOL section 2). */
const MAX_SIGNATURES_PER_ENTITY = 16
const MAX_SIGNATURES = 64

const SIGNATURE_BYTES = 64

/** Why a document is not accepted. */
export type SignatureFailure =
  /** No signature by a known key. */
  | 'unsigned'
  /** More than 16 signatures of one entity, or more than 64 in all. */
  | 'too_many_signatures'
  /** A signature by a known key is not good. */
  | 'bad_signature'

/** What the signatures of a document say. */
export type SignatureVerdict =
  /** `good`: the ids of the known keys that signed, at least one. No known key's signature is bad. */
  | { readonly verified: true; readonly good: readonly string[] }
  /** `message` says more, for people. */
  | { readonly verified: false; readonly reason: SignatureFailure; readonly message: string }

/**
 * Verifies what one server signed in a key document or one of our own, `signatures[serverName][keyId]` (PROTOCOL
 * section 2): ids of unknown algorithms, malformed ids and ids that are not in `keys` are passed over, one bad
 * signature fails the document, and at least one good one is needed.
 *
 * @param document - as received, read by `parseStrict`.
 * @param keys - the known keys of that server, by key id.
 */
export function verifyDocument(document: JsonObject, serverName: string, keys: KeysById): SignatureVerdict {
  const entities = ownValue(document, 'signatures')
  if (!isJsonObject(entities)) return unsigned()
  if (countSignatures(entities) > MAX_SIGNATURES) return tooMany(`more than ${MAX_SIGNATURES}`)
  return carryOut(planEntity(document, ownValue(entities, serverName), keys))
}

/**
 * Verifies a catalog object, `signatures[keyId]`, by the same rules as `verifyDocument`. `signing_keys` is not looked
 * at: it is the object's own claim, and a good signature by it proves nothing but that the object is whole.
 *
 * @param object - as received, read by `parseStrict`.
 * @param keys - the keys that may sign it, by key id.
 * @param cut - what `parseForVerifying` says that the signatures of this object cover. Default: the object is encoded.
 */
export function verifyObject(object: JsonObject, keys: KeysById, cut?: Uint8Array): SignatureVerdict {
  return carryOut(planObject(object, keys, cut))
}

/** Keys by their ids. */
export type KeysById = Pick<ReadonlyMap<string, PublicKey>, 'get'>

/** Signatures that are to be checked. */
export interface SignaturePlan {
  readonly checks: readonly SignatureCheck[]
  /** @param areGood - for each of the checks whether it holds. */
  readonly verdict: (areGood: readonly boolean[]) => SignatureVerdict
}

/** What `verifyObject` would check, for whoever checks it together with others. The parameters are the same. */
export function planObject(object: JsonObject, keys: KeysById, cut?: Uint8Array): SignaturePlan {
  return planEntity(object, ownValue(object, 'signatures'), keys, cut)
}

function carryOut({ checks, verdict }: SignaturePlan): SignatureVerdict {
  return verdict(checks.map(({ key, message, signature }) => verifySignature(key, message, signature)))
}

function planEntity(
  document: JsonObject,
  signatures: JsonValue | undefined,
  keys: KeysById,
  cut?: Uint8Array,
): SignaturePlan {
  if (!isJsonObject(signatures)) return settled(unsigned())
  const keyIds = Object.keys(signatures)
  if (keyIds.length > MAX_SIGNATURES_PER_ENTITY) {
    return settled(tooMany(`more than ${MAX_SIGNATURES_PER_ENTITY} of one entity`))
  }
  const known = keyIds.filter((keyId) => isKeyId(keyId) && keys.get(keyId))
  if (known.length === 0) return settled(unsigned())
  const message = cut ?? signedBytes(document)
  const checks = known.map((keyId) => ({
    key: keys.get(keyId)!,
    message,
    signature: decodedOrNothing(signatures[keyId]!),
  }))
  return { checks, verdict: verdictOn(known) }
}

/** Nothing is to be checked. */
function settled(verdict: SignatureVerdict): SignaturePlan {
  return { checks: [], verdict: () => verdict }
}

/** Apart, so that nothing but key ids stays in memory until the checks are done. */
function verdictOn(keyIds: readonly string[]): SignaturePlan['verdict'] {
  return (areGood) => {
    const bad = keyIds.find((_keyId, index) => !areGood[index])
    if (bad === undefined) return { verified: true, good: keyIds }
    return { verified: false, reason: 'bad_signature', message: `The signature by the key ${bad} is not good` }
  }
}

/** A signature that is no text, or no base64 of 64 bytes, is as bad as one that does not fit: no bytes fit nothing. */
function decodedOrNothing(signature: JsonValue): Uint8Array {
  try {
    return typeof signature === 'string' ? decodeBase64(signature, SIGNATURE_BYTES) : new Uint8Array()
  } catch {
    return new Uint8Array()
  }
}

function countSignatures(entities: JsonObject): number {
  return Object.values(entities).reduce<number>(
    (count, entity) => count + (isJsonObject(entity) ? Object.keys(entity).length : 0),
    0,
  )
}

function unsigned(): SignatureVerdict {
  return { verified: false, reason: 'unsigned', message: 'There is no signature by a known key' }
}

function tooMany(what: string): SignatureVerdict {
  return {
    verified: false,
    reason: 'too_many_signatures',
    message: `There are too many signatures: ${what}`,
  }
}
