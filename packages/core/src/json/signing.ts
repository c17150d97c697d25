import type { SigningKey } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import { isKeyId } from '../names/index.ts'
import { encodeBase64 } from './base64.ts'
import { encodeCanonical } from './canonical.ts'
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from './value.ts'

/**
 * The bytes that a signature of this document covers: its canonical form without `signatures` and `unsigned` at the
 * top (Matrix specification, appendix "Signing JSON"; PROTOCOL section 2).
 *
 * @throws FederationError `invalid_json` when the document has no canonical form.
 */
export function signedBytes(document: JsonObject): Uint8Array {
  const { signatures: _signatures, unsigned: _unsigned, ...signed } = document
  return encodeCanonical(signed)
}

/**
 * Signs a key document or one of our own documents: adds `signatures[serverName][keyId]`, keeps other signatures and
 * leaves out `unsigned` (PROTOCOL section 2).
 *
 * @param document - is not changed.
 * @throws FederationError `invalid_json` when it has no canonical form, `invalid_signature` when its `signatures` has
 *   another shape, `invalid_key_id` when the key id is malformed.
 */
export function signDocument(document: JsonObject, serverName: string, keyId: string, key: SigningKey): JsonObject {
  const signatures = signaturesIn(document)
  const own = shapedAsMap(ownValue(signatures, serverName))
  const signature = signatureText(signedBytes(document), keyId, key)
  return withSignatures(document, { ...signatures, [serverName]: { ...own, [keyId]: signature } })
}

/**
 * Signs a catalog object: adds `signatures[keyId]`, keeps other signatures and leaves out `unsigned` (PROTOCOL
 * section 2). The caller has put the public key under `signing_keys`, which is itself signed.
 *
 * @param object - is not changed.
 * @throws FederationError as `signDocument` does.
 */
export function signObject(object: JsonObject, keyId: string, key: SigningKey): JsonObject {
  const signature = signatureText(signedBytes(object), keyId, key)
  return withSignatures(object, { ...signaturesIn(object), [keyId]: signature })
}

function signatureText(message: Uint8Array, keyId: string, key: SigningKey): string {
  if (!isKeyId(keyId)) {
    throw new FederationError('invalid_key_id', 'A key id is "ed25519:" and 1 to 64 letters, digits or underscores')
  }
  return encodeBase64(key.sign(message))
}

function signaturesIn(document: JsonObject): JsonObject {
  return shapedAsMap(ownValue(document, 'signatures'))
}

function shapedAsMap(value: JsonValue | undefined): JsonObject {
  if (value === undefined) return {}
  if (isJsonObject(value)) return value
  throw new FederationError('invalid_signature', 'The signatures that are there already are not an object')
}

function withSignatures(document: JsonObject, signatures: JsonObject): JsonObject {
  const { unsigned: _unsigned, ...kept } = document
  return { ...kept, signatures }
}
