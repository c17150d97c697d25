import { concatBytes, joinBytes } from '../bytes.ts'
import { compareCodePoints } from '../code-point-order.ts'
import { FederationError } from '../errors.ts'
import { excerpt, hasLoneSurrogate, isPlainText } from './text.ts'
import { isJsonObject, type JsonObject, type JsonValue, MAX_LEVELS } from './value.ts'

/** An integer as JSON writes it, at a given place. */
const INTEGER = /-?(?:0|[1-9][0-9]*)/y

/** What may follow an integer only when it is none. */
const FRACTION_OR_EXPONENT = /[.eE]/

/** The longest integer within ±(2^53−1): "-9007199254740991". */
const MAX_INTEGER_CHARACTERS = 17

/** White space between tokens: space, tab, line feed, carriage return (RFC 8259, section 2). */
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** No token begins with a character up to this one. */
const LAST_WHITE_SPACE = 0x20

/** Enough of a key to find it. */
const MAX_KEY_CHARACTERS = 40

/** Members at the top that no signature covers (PROTOCOL section 2). */
const UNSIGNED_MEMBERS: ReadonlySet<string> = new Set(['signatures', 'unsigned'])

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const utf8 = new TextEncoder()
const OPEN = utf8.encode('{')
const COMMA = utf8.encode(',')
const CLOSE = utf8.encode('}')

/** What makes a string need care, and white space that is not a blank. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NEEDS_CARE_ANYWHERE = /[\\\u0000-\u001f\ud800-\udfff]/

const QUOTE = '"'
const BACKSLASH = '\\'

/**
 * Reads a received JSON document from its raw bytes, and refuses everything that `JSON.parse` would hide: duplicate
 * keys (after unescaping), fractions, exponents, `-0`, integers beyond ±(2^53−1), lone surrogates, invalid UTF-8, a
 * byte-order mark, and more than 64 levels (PROTOCOL section 2). `__proto__` is an ordinary key.
 *
 * @param bytes - the whole document. The caller has bounded its size; the time taken grows with it, no faster.
 * @throws FederationError `invalid_json`, whose message says where and what.
 */
export function parseStrict(bytes: Uint8Array): JsonValue {
  return new Reader(bytes).document()
}

/** A document that was read, with what its signatures cover. */
export interface ParsedDocument {
  readonly value: JsonValue
  /**
   * What `signedBytes` would make of the value: cut out of the received bytes, which saves encoding them again. Only
   * where these are canonical; undefined otherwise.
   */
  readonly signedBytes: Uint8Array | undefined
}

/**
 * Reads a document as {@link parseStrict} does, for whoever verifies it.
 *
 * @throws FederationError `invalid_json`.
 */
export function parseForVerifying(bytes: Uint8Array): ParsedDocument {
  const reader = new Reader(bytes)
  const value = reader.document()
  return { value, signedBytes: isJsonObject(value) ? reader.signedBytes() : undefined }
}

function decodeUtf8(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new FederationError('invalid_json', 'The document begins with a byte-order mark: leave it out')
  }
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new FederationError('invalid_json', `The document is not UTF-8: see its byte ${firstInvalidByte(bytes)}`)
  }
}

/** The offset of the first byte that is not UTF-8: there, what a lenient decoder put in its place differs. */
function firstInvalidByte(bytes: Uint8Array): number {
  const repaired = new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return repaired.findIndex((byte, offset) => byte !== bytes[offset])
}

/** A part of a text or of its bytes. */
interface Span {
  readonly from: number
  /** The first place behind it. */
  readonly to: number
}

/** Bytes of a part of a text in UTF-8. A surrogate counts two: the pairs that it comes in are four bytes. */
function utf8Length(text: string, from: number, to: number): number {
  let length = to - from
  for (let index = from; index < to; index++) {
    const unit = text.charCodeAt(index)
    if (unit >= 0x80) length += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return length
}

/** Reads one document, from front to back, each character once. */
class Reader {
  readonly #bytes: Uint8Array
  readonly #text: string
  /** Whether nothing in the whole text needs care, as in most documents: looked for once and not string by string. */
  readonly #hasOnlyPlainStrings: boolean
  #position = 0
  /** Whether all that was read so far is as the canonical encoder writes it. */
  #isCanonical = true
  /** Where the members at the top begin and end that no signature covers. */
  readonly #unsigned: Span[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#text = decodeUtf8(bytes)
    this.#hasOnlyPlainStrings = !NEEDS_CARE_ANYWHERE.test(this.#text)
  }

  document(): JsonValue {
    this.#skipWhiteSpace()
    const value = this.#value(0)
    this.#skipWhiteSpace()
    if (this.#position < this.#text.length) throw this.#refusal('the document should end here')
    return value
  }

  /** The bytes of the object that was read without its unsigned members; undefined when they are not canonical. */
  signedBytes(): Uint8Array | undefined {
    if (!this.#isCanonical) return undefined
    const end = this.#bytes.length - 1
    const kept: Uint8Array[] = []
    let start = 1
    for (const { from, to } of this.#unsigned.map((member) => this.#inBytes(member))) {
      // Between two members stands one comma.
      if (from > start) kept.push(this.#bytes.subarray(start, from - 1))
      start = to + 1
    }
    if (start < end) kept.push(this.#bytes.subarray(start, end))
    return concatBytes([OPEN, joinBytes(kept, COMMA), CLOSE])
  }

  /** Counted from the end: keys in order put signatures behind the metadata, which are nearly all of an object. */
  #inBytes({ from, to }: Span): Span {
    const bytesAfter = utf8Length(this.#text, to, this.#text.length)
    const end = this.#bytes.length - bytesAfter
    return { from: end - utf8Length(this.#text, from, to), to: end }
  }

  /** @param levels - how many arrays and objects stand around the value. */
  #value(levels: number): JsonValue {
    switch (this.#text[this.#position]) {
      case '{':
        return this.#object(levels + 1)
      case '[':
        return this.#array(levels + 1)
      case QUOTE:
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#integer()
    }
  }

  #object(levels: number): JsonObject {
    this.#enter(levels)
    const object: JsonObject = {}
    if (this.#skip('}')) return object
    let previous: string | undefined
    let isInOrder = true
    do {
      const start = this.#position
      const key = this.#key()
      isInOrder &&= previous === undefined || compareCodePoints(previous, key) < 0
      previous = key
      // A key that comes after all others is none of them.
      if (!isInOrder && Object.hasOwn(object, key)) {
        throw this.#refusal(`the key ${JSON.stringify(excerpt(key, MAX_KEY_CHARACTERS))} is there twice`, start)
      }
      this.#expect(':')
      setOwn(object, key, this.#value(levels))
      if (levels === 1 && UNSIGNED_MEMBERS.has(key)) this.#unsigned.push({ from: start, to: this.#position })
      this.#skipWhiteSpace()
    } while (this.#skip(','))
    this.#expect('}', '"," or "}"')
    this.#isCanonical &&= isInOrder
    return object
  }

  #array(levels: number): JsonValue[] {
    this.#enter(levels)
    const items: JsonValue[] = []
    if (this.#skip(']')) return items
    do {
      items.push(this.#value(levels))
      this.#skipWhiteSpace()
    } while (this.#skip(','))
    this.#expect(']', '"," or "]"')
    return items
  }

  #enter(levels: number): void {
    if (levels > MAX_LEVELS) throw this.#refusal(`this is deeper than ${MAX_LEVELS} levels`)
    this.#position++
    this.#skipWhiteSpace()
  }

  #key(): string {
    if (this.#text[this.#position] !== QUOTE) throw this.#refusal('a key in double quotes is expected')
    const key = this.#string()
    this.#skipWhiteSpace()
    return key
  }

  #string(): string {
    const start = this.#position
    const end = this.#closingQuote(start)
    this.#position = end + 1
    const inside = this.#text.slice(start + 1, end)
    return this.#hasOnlyPlainStrings || isPlainText(inside) ? inside : this.#unescaped(inside, start)
  }

  /** The place of the first quote after `start` that no backslash escapes. */
  #closingQuote(start: number): number {
    let quote = this.#text.indexOf(QUOTE, start + 1)
    while (!this.#hasOnlyPlainStrings && quote !== -1 && this.#isEscaped(quote))
      quote = this.#text.indexOf(QUOTE, quote + 1)
    if (quote === -1) throw this.#refusal('the string that begins here does not end', start)
    return quote
  }

  /** Whether an odd number of backslashes stands before a place. */
  #isEscaped(position: number): boolean {
    let first = position
    while (this.#text[first - 1] === BACKSLASH) first--
    return (position - first) % 2 === 1
  }

  #unescaped(inside: string, start: number): string {
    const text = this.#unescapedByEngine(inside, start)
    if (hasLoneSurrogate(text)) throw this.#refusal('the string that begins here has half of a surrogate pair', start)
    if (JSON.stringify(text) !== `"${inside}"`) this.#isCanonical = false
    return text
  }

  #unescapedByEngine(inside: string, start: number): string {
    try {
      return JSON.parse(`"${inside}"`) as string
    } catch {
      throw this.#refusal('the string that begins here has a bare control character or an unknown escape', start)
    }
  }

  #integer(): number {
    const start = this.#position
    INTEGER.lastIndex = start
    const digits = INTEGER.exec(this.#text)?.[0]
    if (digits === undefined) throw this.#refusal('a value is expected')
    this.#position += digits.length
    if (FRACTION_OR_EXPONENT.test(this.#text[this.#position] ?? '')) {
      throw this.#refusal('this number has a fraction or an exponent; only whole numbers are accepted', start)
    }
    if (digits === '-0') throw this.#refusal('-0 is not accepted, write 0', start)
    const value = digits.length > MAX_INTEGER_CHARACTERS ? Infinity : Number(digits)
    if (!Number.isSafeInteger(value)) throw this.#refusal('this number is not within -(2^53-1) and 2^53-1', start)
    return value
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#position)) throw this.#refusal('a value is expected')
    this.#position += word.length
    return value
  }

  #expect(character: string, description = `"${character}"`): void {
    if (!this.#skip(character)) throw this.#refusal(`${description} is expected`)
  }

  /** Goes past a character and the white space after it, if it stands here. */
  #skip(character: string): boolean {
    if (this.#text[this.#position] !== character) return false
    this.#position++
    this.#skipWhiteSpace()
    return true
  }

  #skipWhiteSpace(): void {
    // Nearly always there is none; past the end of the text the code is NaN.
    if (!(this.#text.charCodeAt(this.#position) <= LAST_WHITE_SPACE)) return
    while (WHITE_SPACE.has(this.#text.charCodeAt(this.#position))) {
      this.#position++
      this.#isCanonical = false
    }
  }

  #refusal(complaint: string, position: number = this.#position): FederationError {
    const before = this.#text.slice(0, position)
    const line = before.split('\n').length
    const column = position - before.lastIndexOf('\n')
    return new FederationError('invalid_json', `Line ${line}, column ${column}: ${complaint}`)
  }
}

/** What every object has. Asking a set is quicker than asking the object, which has to look at its prototype too. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype))

/** Sets an own property whatever its name: assigning to an inherited one, `__proto__` above all, would do other things. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (INHERITED.has(key)) {
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  } else {
    object[key] = value
  }
}
