import { FederationError } from '../errors.ts'
import {
  canonicalText,
  encodeBase64,
  encodeCanonical,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '../json/index.ts'
import type { ObjectKind } from '../store/index.ts'
import { hashOf } from './hash-text.ts'
import { leafHash } from './merkle.ts'
import { isSize } from './subtrees.ts'

/** The longest header in bytes (PROTOCOL section 9). */
export const MAX_HEADER_BYTES = 4096

const encoder = new TextEncoder()

/** What an entry of the log says: that an object got a new version, or was deleted (PROTOCOL section 9). */
export interface EntryHeader {
  /** The server whose log it is. */
  readonly serverName: string
  /** Its place in the log, from 0 on: the size of the log before it. */
  readonly seq: number
  /** When it was appended, POSIX milliseconds. */
  readonly ts: number
  readonly op: 'put' | 'delete'
  readonly kind: ObjectKind
  /** The object's id. */
  readonly id: string
  /** The object's revision, from 1 on. */
  readonly revision: number
  /** Which bytes the object has; undefined when it was deleted. */
  readonly body: BodyDigest | undefined
}

/** What the log keeps of an object, so that the object itself can be removed. */
export interface BodyDigest {
  /** SHA-256 of the signed object's canonical bytes. */
  readonly sha256: Uint8Array
  /** How many bytes these are. */
  readonly size: number
}

/** An entry with its bytes. */
export interface LogEntry {
  readonly header: EntryHeader
  /** The header as canonical JSON: the leaf's data, stored and served as it is. */
  readonly bytes: Uint8Array
  readonly leafHash: Uint8Array
}

/** What a field must be: the check, and the words that end the sentence "seq must be …". */
type Rule = readonly [isRight: (value: JsonValue | undefined) => boolean, mustBe: string]

const count: Rule = [(value) => typeof value === 'number' && isSize(value), 'a whole number from 0 on']
const positive: Rule = [(value) => count[0](value) && value !== 0, 'a whole number from 1 on']
const text: Rule = [(value) => typeof value === 'string' && value !== '', 'text that is not empty']

/** Of all fields of an object: there must be no others. */
type Rules = readonly (readonly [field: string, rule: Rule])[]

/** A header with more fields comes from a later version, which `v` tells. */
const HEADER_RULES: Rules = Object.entries<Rule>({
  v: [(value) => value === 1, '1'],
  server: text,
  seq: count,
  ts: count,
  op: [(value) => value === 'put' || value === 'delete', '"put" or "delete"'],
  kind: [(value) => value === 'series' || value === 'chapter', '"series" or "chapter"'],
  id: text,
  revision: positive,
  body: [(value) => value === null || isJsonObject(value), 'an object or null'],
})

const HASH_MUST_BE = 'base64 of 32 bytes'

const BODY_RULES: Rules = Object.entries<Rule>({
  sha256: [(value) => typeof value === 'string', HASH_MUST_BE],
  size: positive,
})

/**
 * Makes an entry.
 *
 * @throws FederationError `invalid_log_entry`, or `invalid_json` for text that is not Unicode: what a follower would
 *   refuse is never made.
 */
export function makeEntry(header: EntryHeader): LogEntry {
  const { serverName: server, seq, ts, op, kind, id, revision, body } = header
  requireFields({ v: 1, server, seq, ts, op, kind, id, revision, body: body ? {} : null }, HEADER_RULES, '')
  requireFittingBody(header)
  return entryOf(header, encoder.encode(canonicalHeader(header)))
}

/** A publisher writes one for each object, so the general encoder is left out; a test compares with it. */
function canonicalHeader({ serverName, seq, ts, op, kind, id, revision, body }: EntryHeader): string {
  const digest = body ? `{"sha256":"${encodeBase64(body.sha256)}","size":${body.size}}` : 'null'
  const object = `"id":${canonicalText(id)},"kind":"${kind}","op":"${op}","revision":${revision}`
  return `{"body":${digest},${object},"seq":${seq},"server":${canonicalText(serverName)},"ts":${ts},"v":1}`
}

/**
 * Reads the header of an entry.
 *
 * Whether `server` and `seq` are those of the log it came from is for the caller to compare.
 *
 * @param json - as received, read by `parseStrict`.
 * @param bytes - its canonical bytes, where somebody has them. Default: they are made.
 * @throws FederationError `invalid_log_entry`, whose message names the field.
 */
export function readEntry(json: JsonValue, bytes?: Uint8Array): LogEntry {
  if (!isJsonObject(json)) throw refusal('it must be an object')
  return entryOf(readHeader(json), bytes ?? encodeCanonical(json))
}

function entryOf(header: EntryHeader, bytes: Uint8Array): LogEntry {
  if (bytes.length > MAX_HEADER_BYTES) {
    throw refusal(`it has ${bytes.length} bytes, ${MAX_HEADER_BYTES} at most are allowed`)
  }
  return { header, bytes, leafHash: leafHash(bytes) }
}

function readHeader(json: JsonObject): EntryHeader {
  requireFields(json, HEADER_RULES, '')
  // The rules have made sure of these types.
  const {
    server: serverName,
    seq,
    ts,
    op,
    kind,
    id,
    revision,
    body,
  } = json as unknown as Omit<EntryHeader, 'body'> & {
    readonly server: string
    readonly body: JsonObject | null
  }
  const header = { serverName, seq, ts, op, kind, id, revision, body: body ? readDigest(body) : undefined }
  requireFittingBody(header)
  return header
}

function requireFittingBody({ op, body }: EntryHeader): void {
  if ((op === 'put') !== (body !== undefined)) {
    throw refusal('body must be there with "put" and null with "delete"')
  }
}

function readDigest(body: JsonObject): BodyDigest {
  requireFields(body, BODY_RULES, 'body.')
  const sha256 = hashOf(body.sha256)
  if (!sha256) throw refusal(`body.sha256 must be ${HASH_MUST_BE}`)
  return { sha256, size: Number(body.size) }
}

function requireFields(json: JsonObject, rules: Rules, prefix: string): void {
  for (const [field, [isRight, mustBe]] of rules) {
    if (!isRight(json[field])) throw refusal(`${prefix}${field} must be ${mustBe}`)
  }
  const fields = Object.keys(json)
  if (fields.length === rules.length) return
  const unknown = fields.find((field) => rules.every(([known]) => known !== field))
  throw refusal(`${prefix}${JSON.stringify(unknown)} is no field of version 1`)
}

function refusal(reason: string): FederationError {
  return new FederationError('invalid_log_entry', `The log entry is refused: ${reason}.`)
}
