import { type Part, scanStrictly } from './strict-scan.ts'
import type { JsonObject, JsonValue } from './value.ts'

const COMMA = 0x2c
const OPEN_BRACE = 0x7b

/** Members at the top that no signature covers (PROTOCOL section 2). */
const UNSIGNED_MEMBERS: readonly string[] = ['signatures', 'unsigned']

const utf8 = new TextDecoder()

/**
 * Reads a received JSON document from its raw bytes, and refuses everything that `JSON.parse` would hide: duplicate
 * keys (after unescaping), fractions, exponents, `-0`, integers beyond ±(2^53−1), lone surrogates, invalid UTF-8, a
 * byte-order mark, and more than 64 levels (PROTOCOL section 2). `__proto__` is an ordinary key.
 *
 * @param bytes - the whole document. The caller has bounded its size; the time taken grows with it, no faster.
 * @throws FederationError `invalid_json`, whose message says where and what.
 */
export function parseStrict(bytes: Uint8Array): JsonValue {
  scanStrictly(bytes)
  return readScanned(bytes)
}

/** A document that was read, with what its signatures cover. */
export interface ParsedDocument {
  readonly value: JsonValue
  /**
   * What `signedBytes` would make of the document: cut out of its bytes, which saves encoding it again. Only where
   * these are canonical; undefined otherwise.
   */
  readonly signedBytes: Uint8Array | undefined
}

/**
 * Reads a document as {@link parseStrict} does, for whoever verifies it.
 *
 * @param unread - a member at the top that the caller does not look into. Where it is an object and the bytes are
 *   canonical, it is checked, but `{}` stands for it in `value`. Default: everything is read.
 * @throws FederationError `invalid_json`.
 */
export function parseForVerifying(bytes: Uint8Array, unread?: string): ParsedDocument {
  const { isCanonical, parts } = scanStrictly(bytes)
  if (!isCanonical || bytes[0] !== OPEN_BRACE) return { value: readScanned(bytes), signedBytes: undefined }
  const left = unread === undefined ? undefined : parts.find((member) => isNamed(bytes, member, unread))
  const value = left && bytes[left.valueFrom] === OPEN_BRACE ? readAround(bytes, left) : readScanned(bytes)
  return { value, signedBytes: signedPart(bytes, parts) }
}

/**
 * The same for a document that was read and encoded before.
 *
 * @param bytes - what `encodeCanonical` made of `value`.
 * @throws FederationError `invalid_json` when it made something else.
 */
export function parsedBefore(value: JsonObject, bytes: Uint8Array): ParsedDocument {
  const { isCanonical, parts } = scanStrictly(bytes)
  return { value, signedBytes: isCanonical ? signedPart(bytes, parts) : undefined }
}

/** A document with the places of its parts. */
export interface LocatedDocument {
  readonly value: JsonValue
  /** Its members or items. */
  readonly parts: readonly Part[]
  /** The member that was left out; undefined where there is none, or its own members were not noted. */
  readonly unread: Part | undefined
}

/**
 * Reads a document as {@link parseStrict} does, and notes where its parts stand.
 *
 * @param options.levels - of how many levels, see `scanStrictly`.
 * @param options.unread - a member at the top, whose own members the caller reads one by one with {@link readPart}: where
 *   it is an object that has some, `{}` stands for it in `value`.
 * @throws FederationError `invalid_json`.
 */
export function parseLocated(bytes: Uint8Array, options: { levels: number; unread: string }): LocatedDocument {
  const { parts } = scanStrictly(bytes, options.levels)
  const named = bytes[0] === OPEN_BRACE ? parts.find((part) => isNamed(bytes, part, options.unread)) : undefined
  const unread = named && bytes[named.valueFrom] === OPEN_BRACE && named.parts.length > 0 ? named : undefined
  return { value: unread ? readAround(bytes, unread) : readScanned(bytes), parts, unread }
}

/** Reads a part of a document that was scanned. */
export function readPart(bytes: Uint8Array, { valueFrom, to }: Part): JsonValue {
  return readScanned(bytes.subarray(valueFrom, to))
}

/** The key of a member as it stands in the document: escapes are not undone. */
export function keyOfPart(bytes: Uint8Array, { from, valueFrom }: Part): string {
  // Two quotes and a colon stand around it.
  return utf8.decode(bytes.subarray(from + 1, valueFrom - 2))
}

/** The bytes of a value that is a part of a document: a view of its bytes; undefined where they are not canonical. */
export function cutCanonical(bytes: Uint8Array, { valueFrom, to, isCanonical }: Part): Uint8Array | undefined {
  return isCanonical ? bytes.subarray(valueFrom, to) : undefined
}

/**
 * What the signatures of an object cover that is a part of a document, as {@link ParsedDocument} tells it.
 *
 * @param room - where it is put: as many bytes as the part has. Default: memory of its own.
 */
export function cutSigned(bytes: Uint8Array, part: Part, room?: Uint8Array): Uint8Array | undefined {
  // Where its parts were not noted, there seem to be none.
  return part.isCanonical && part.parts.length > 0 ? signedPart(bytes, part.parts, part, room) : undefined
}

function readScanned(bytes: Uint8Array): JsonValue {
  return JSON.parse(utf8.decode(bytes)) as JsonValue
}

/** Reads a document with `{}` in the place of an object. */
function readAround(bytes: Uint8Array, { valueFrom, to }: Part): JsonValue {
  const [before, after] = [bytes.subarray(0, valueFrom), bytes.subarray(to)]
  return JSON.parse(`${utf8.decode(before)}{}${utf8.decode(after)}`) as JsonValue
}

/** Whether a member of a canonical document has this key, which is plain ASCII. */
function isNamed(bytes: Uint8Array, { from, valueFrom }: Part, key: string): boolean {
  // Two quotes and a colon stand around it.
  if (valueFrom - from !== key.length + 3) return false
  for (let index = 0; index < key.length; index++) {
    if (bytes[from + 1 + index] !== key.charCodeAt(index)) return false
  }
  return true
}

/**
 * A canonical object without its unsigned members.
 *
 * @param members - of the object.
 * @param place - where it stands in `bytes`. Default: it is all of them.
 * @param room - where it is put: as many bytes as the object has. Default: memory of its own.
 */
function signedPart(
  bytes: Uint8Array,
  members: readonly Part[],
  { valueFrom: start, to: end }: Pick<Part, 'valueFrom' | 'to'> = { valueFrom: 0, to: bytes.length },
  room?: Uint8Array,
): Uint8Array {
  // What is sliced is not filled with zeros first.
  const signed = room ?? bytes.slice(start, end)
  room?.set(bytes.subarray(start, end))
  let length = signed.length
  // From the end, where keys in order put them: what moves up is little, and is not looked for any more.
  for (let index = members.length - 1; index >= 0; index--) {
    const member = members[index]!
    if (!isUnsigned(bytes, member)) continue
    const from = member.from - start
    const to = member.to - start
    // One comma goes with it: the one before it, or where it comes first the one behind it.
    const cutFrom = signed[from - 1] === COMMA ? from - 1 : from
    const cutTo = cutFrom === from && signed[to] === COMMA ? to + 1 : to
    signed.copyWithin(cutFrom, cutTo, length)
    length -= cutTo - cutFrom
  }
  return signed.subarray(0, length)
}

function isUnsigned(bytes: Uint8Array, member: Part): boolean {
  return UNSIGNED_MEMBERS.some((key) => isNamed(bytes, member, key))
}
