import { isNamed, type Part, scanStrictly } from './strict-scan.ts'
import type { JsonObject, JsonValue } from './value.ts'

const COMMA = 0x2c
const DIGIT_0 = 0x30
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
  const named = unread === undefined ? UNSIGNED_MEMBERS : [...UNSIGNED_MEMBERS, unread]
  const { isCanonical, parts } = scanStrictly(bytes, { levels: 1, named })
  if (!isCanonical || bytes[0] !== OPEN_BRACE) return { value: readScanned(bytes), signedBytes: undefined }
  const left = unread === undefined ? undefined : memberNamed(bytes, parts, unread)
  const value = left && bytes[left.valueFrom] === OPEN_BRACE ? readAround(bytes, left) : readScanned(bytes)
  return { value, signedBytes: signedPart(bytes, left ? parts.filter((member) => member !== left) : parts) }
}

/**
 * The same for a document that was read and encoded before.
 *
 * @param bytes - what `encodeCanonical` made of `value`.
 * @throws FederationError `invalid_json` when it made something else.
 */
export function parsedBefore(value: JsonObject, bytes: Uint8Array): ParsedDocument {
  const { isCanonical, parts } = scanStrictly(bytes, { levels: 1, named: UNSIGNED_MEMBERS })
  return { value, signedBytes: isCanonical ? signedPart(bytes, parts) : undefined }
}

/** A document with the places of its parts. */
export interface LocatedDocument {
  readonly value: JsonValue
  /** Its members or items. */
  readonly parts: readonly Part[]
  /** The members of the member that was left out; undefined where there is none, or they were not noted. */
  readonly unread: readonly Part[] | undefined
}

/** The top, what stands there, and the members of that, which may be objects that were signed. */
const LOCATED_LEVELS = 3

/**
 * Reads a document as {@link parseStrict} does, and notes where its parts stand, and those of its parts.
 *
 * @param left - a member at the top, whose own members the caller reads one by one with {@link readPart}: where it is an
 *   object that has some, `{}` stands for it in `value`.
 * @throws FederationError `invalid_json`.
 */
export function parseLocated(bytes: Uint8Array, left: string): LocatedDocument {
  const { parts } = scanStrictly(bytes, { levels: LOCATED_LEVELS, named: UNSIGNED_MEMBERS })
  const member = bytes[0] === OPEN_BRACE ? memberNamed(bytes, parts, left) : undefined
  const isLeft = member?.parts && member.parts.length > 0 && bytes[member.valueFrom] === OPEN_BRACE
  if (!isLeft) return { value: readScanned(bytes), parts, unread: undefined }
  return { value: readAround(bytes, member), parts, unread: member.parts }
}

/** The member of a canonical object that has this key, which is plain ASCII. */
export function memberNamed(bytes: Uint8Array, members: readonly Part[], key: string): Part | undefined {
  return members.find(({ from, valueFrom }) => isNamed(bytes, from, valueFrom, key))
}

/** Reads a part of a document that was scanned. */
export function readPart(bytes: Uint8Array, { valueFrom, to }: Part): JsonValue {
  return readScanned(bytes.subarray(valueFrom, to))
}

/** The whole number that the key of a member is as it stands in the document; undefined where it is written otherwise. */
export function numberOfKey(bytes: Uint8Array, { from, valueFrom }: Part): number | undefined {
  let number = 0
  // Two quotes and a colon stand around it.
  for (let place = from + 1; place < valueFrom - 2; place++) {
    const digit = bytes[place]! - DIGIT_0
    if (digit < 0 || digit > 9) return undefined
    number = 10 * number + digit
  }
  // One without digits, with zeros before it or beyond what is exact is another text.
  return Number.isSafeInteger(number) && String(number).length === valueFrom - from - 3 ? number : undefined
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
  const isObject = part.isCanonical && bytes[part.valueFrom] === OPEN_BRACE
  return isObject && part.parts ? signedPart(bytes, part.parts, part, room) : undefined
}

function readScanned(bytes: Uint8Array): JsonValue {
  return JSON.parse(utf8.decode(bytes)) as JsonValue
}

/** Reads a document with `{}` in the place of an object. */
function readAround(bytes: Uint8Array, { valueFrom, to }: Part): JsonValue {
  const [before, after] = [bytes.subarray(0, valueFrom), bytes.subarray(to)]
  return JSON.parse(`${utf8.decode(before)}{}${utf8.decode(after)}`) as JsonValue
}

/**
 * A canonical object without its unsigned members.
 *
 * @param unsigned - these members.
 * @param place - where it stands in `bytes`. Default: it is all of them.
 * @param room - where it is put: as many bytes as the object has. Default: memory of its own.
 */
function signedPart(
  bytes: Uint8Array,
  unsigned: readonly Part[],
  { valueFrom: start, to: end }: Pick<Part, 'valueFrom' | 'to'> = { valueFrom: 0, to: bytes.length },
  room?: Uint8Array,
): Uint8Array {
  // What is sliced is not filled with zeros first.
  const signed = room ?? bytes.slice(start, end)
  room?.set(bytes.subarray(start, end))
  let length = signed.length
  // From the end, so that the places of the others stay what they are.
  for (let index = unsigned.length - 1; index >= 0; index--) {
    const member = unsigned[index]!
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
