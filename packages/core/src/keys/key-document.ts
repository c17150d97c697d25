import { sameBytes } from '../bytes.ts'
import { importPublicKey, type PublicKey } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import {
  decodeBase64,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrict,
  verifyDocument,
} from '../json/index.ts'
import { isKeyId } from '../names/index.ts'

/** The largest key document that is read, in bytes: some hundred keys and signatures. */
export const MAX_KEY_DOCUMENT_BYTES: number = 64 * 1024

/** Keys of one server that are looked at; each is imported and remembered. */
const MAX_KEYS = 100

const KEY_BYTES = 32

/** A key that a server retired. */
export interface RetiredKey {
  readonly key: PublicKey
  /** Signatures made from then on do not count, POSIX milliseconds. */
  readonly expiredTs: number
}

/** A key document that verified itself. */
export interface KeyDocument {
  readonly serverName: string
  /** The usable ones. */
  readonly verifyKeys: ReadonlyMap<string, PublicKey>
  /** The usable ones. */
  readonly oldVerifyKeys: ReadonlyMap<string, RetiredKey>
  readonly validUntilTs: number
  /** With every field as received, `unsigned` excepted. */
  readonly json: JsonObject
}

/**
 * Reads a key document from its raw bytes and verifies that it is its server's own (PROTOCOL section 5.1).
 *
 * @param serverName - the server that was asked for.
 * @throws FederationError `invalid_json`, `invalid_key_document`.
 */
export function parseKeyDocument(bytes: Uint8Array, serverName: string): KeyDocument {
  return readKeyDocument(parseStrict(bytes), serverName)
}

/** The same for a document that `parseStrict` read before. */
export function readKeyDocument(value: JsonValue | undefined, serverName: string): KeyDocument {
  if (!isJsonObject(value)) throw refusal(serverName, 'it is not an object')
  const { unsigned: _unsigned, ...json } = value
  if (json.server_name !== serverName) throw refusal(serverName, 'its server_name is another one')
  const validUntilTs = json.valid_until_ts
  if (typeof validUntilTs !== 'number' || validUntilTs < 0) throw refusal(serverName, 'valid_until_ts is missing')
  if (!isJsonObject(json.verify_keys)) throw refusal(serverName, 'verify_keys is missing')
  const oldKeys = json.old_verify_keys ?? {}
  if (!isJsonObject(oldKeys)) throw refusal(serverName, 'old_verify_keys is not an object')
  if (Object.keys(json.verify_keys).length + Object.keys(oldKeys).length > MAX_KEYS) {
    throw refusal(serverName, `it has more than ${MAX_KEYS} keys`)
  }
  const oldVerifyKeys = usableKeys(oldKeys, retiredKey)
  const current = usableKeys(json.verify_keys, publicKey)
  for (const [keyId, key] of current) {
    const retired = oldVerifyKeys.get(keyId)
    if (retired && !sameBytes(retired.key.bytes, key.bytes))
      throw refusal(serverName, `${keyId} has two different keys`)
  }
  // What stands in both maps is old: it must not authenticate anything any more.
  const verifyKeys = new Map([...current].filter(([keyId]) => !oldVerifyKeys.has(keyId)))
  const verdict = verifyDocument(json, serverName, verifyKeys)
  if (!verdict.verified) throw refusal(serverName, verdict.message)
  return { serverName, verifyKeys, oldVerifyKeys, validUntilTs, json }
}

/** Ids of unknown algorithms, malformed ids and unusable keys are passed over. */
function usableKeys<T>(entries: JsonObject, read: (entry: JsonObject) => T | undefined): Map<string, T> {
  const usable = new Map<string, T>()
  for (const [keyId, entry] of Object.entries(entries)) {
    const key = isKeyId(keyId) && isJsonObject(entry) ? read(entry) : undefined
    if (key !== undefined) usable.set(keyId, key)
  }
  return usable
}

function publicKey({ key }: JsonObject): PublicKey | undefined {
  if (typeof key !== 'string') return undefined
  try {
    return importPublicKey(decodeBase64(key, KEY_BYTES))
  } catch {
    return undefined
  }
}

function retiredKey(entry: JsonObject): RetiredKey | undefined {
  const key = publicKey(entry)
  const { expired_ts: expiredTs } = entry
  return key && typeof expiredTs === 'number' ? { key, expiredTs } : undefined
}

function refusal(serverName: string, reason: string): FederationError {
  return new FederationError('invalid_key_document', `The key document of ${serverName} is refused: ${reason}.`)
}
