import { foreignLocaleIndex, MAX_OBJECT_BYTES, searchText, titlesOf } from '../catalog/index.ts'
import { sha256 } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import { encodeCanonical, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import type { ObjectKind, StoredObject } from '../store/index.ts'

/** Longest id in characters: it stands in URLs, cursors and indexes. */
const MAX_ID_CHARACTERS = 255

/** An object of another server whose form was checked; its signatures were not. */
export interface ReceivedObject {
  readonly kind: ObjectKind
  readonly id: string
  readonly seriesId: string | undefined
  /** Undefined in objects of other implementations, which are ordered by arrival. */
  readonly revision: number | undefined
  /** When its server says that it last changed, POSIX milliseconds; undefined where it does not say. */
  readonly updatedTs: number | undefined
  /** The object without `unsigned`, which is never stored. */
  readonly json: JsonObject
  /** The same, canonical: what is stored and served. */
  readonly bytes: Uint8Array
  /** SHA-256 of `bytes`. */
  readonly contentHash: Uint8Array
}

/** An object's canonical bytes with their SHA-256, where somebody made them already. */
export type EncodedContent = Pick<ReceivedObject, 'bytes' | 'contentHash'>

/**
 * Checks what a catalog needs of an object that another server signed. Texts that only people read are not judged:
 * other implementations have rules of their own.
 *
 * @param json - as received, read by `parseStrict`.
 * @param encoded - the object's own bytes. Default: they are made, without `unsigned`.
 * @throws FederationError `invalid_record`, whose message says what is wrong with it.
 */
export function readReceivedObject(kind: ObjectKind, json: JsonValue, encoded?: EncodedContent): ReceivedObject {
  if (!isJsonObject(json)) throw refusal('it is not an object')
  if (encoded && json.unsigned !== undefined) throw refusal('it has "unsigned", which is never passed on')
  const object = encoded ? json : withoutUnsigned(json)
  const { id, series_id: seriesId, revision, updated_ts: updatedTs, metadata, origin } = object
  // The verifier would take it for one.
  if (Object.hasOwn(object, 'verify_keys')) throw refusal('it is a key document')
  if (!isObjectId(id)) throw refusal(`its id must be text of 1 to ${MAX_ID_CHARACTERS} characters`)
  if (kind === 'series' && seriesId !== undefined) throw refusal('a series has no series_id')
  if (kind === 'chapter' && !isObjectId(seriesId)) throw refusal('a chapter must name its series in series_id')
  if (!isJsonObject(metadata) || !Object.values(metadata).every(isJsonObject)) {
    throw refusal('its metadata must be an object by language')
  }
  if (!isCountOrMissing(revision, 1)) throw refusal('its revision must be a whole number from 1 on')
  if (!isCountOrMissing(updatedTs, 0)) throw refusal('its updated_ts must be a time in POSIX milliseconds')
  const content = encoded ?? encode(object)
  // One that carries another may be as long as both (PROTOCOL section 6.1).
  const maxBytes = origin === undefined ? MAX_OBJECT_BYTES : 2 * MAX_OBJECT_BYTES
  if (content.bytes.byteLength > maxBytes) {
    throw refusal(`it has ${content.bytes.byteLength} bytes, and ${maxBytes} at most are allowed`)
  }
  const { bytes, contentHash } = content
  return { kind, id, seriesId: seriesId as string | undefined, revision, updatedTs, json: object, bytes, contentHash }
}

function withoutUnsigned({ unsigned: _unsigned, ...object }: JsonObject): JsonObject {
  return object
}

/** Whether a value can be the id of an object. */
export function isObjectId(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_CHARACTERS
}

/**
 * A received object as the store keeps it.
 *
 * @param place.seq - the entry of the log that tells of it.
 * @param place.arrivedTs - when it came, POSIX milliseconds: its time of change where it names none.
 */
export function storedObjectOf(
  { kind, id, seriesId, revision, updatedTs, json, bytes, contentHash }: ReceivedObject,
  place: { readonly seq: number; readonly arrivedTs: number },
): StoredObject {
  const metadata = json.metadata as Record<string, JsonObject>
  return {
    kind,
    id,
    seriesId,
    revision: revision ?? 0,
    updatedTs: updatedTs ?? place.arrivedTs,
    contentHash,
    locales: foreignLocaleIndex(metadata),
    searchText: searchText(titlesOf(metadata)),
    bytes,
    seq: place.seq,
    mirrorOf: undefined,
  }
}

function encode(object: JsonObject): EncodedContent {
  const bytes = encodeCanonical(object)
  return { bytes, contentHash: sha256(bytes) }
}

function isCountOrMissing(value: JsonValue | undefined, minimum: number): value is number | undefined {
  return value === undefined || (typeof value === 'number' && value >= minimum)
}

function refusal(reason: string): FederationError {
  return new FederationError('invalid_record', `This is no object of a catalog: ${reason}.`)
}
