import { FederationError } from '../errors.ts'
import { KeyPlaces, ObjectKeys } from './object-keys.ts'
import { excerpt } from './text.ts'
import { utf8Length } from './utf8.ts'
import { MAX_LEVELS } from './value.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const SLASH = 0x2f
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const COLON = 0x3a
const UPPER_A = 0x41
const UPPER_F = 0x46
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const LOWER_U = 0x75
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** White space between tokens: space, tab, line feed, carriage return (RFC 8259, section 2). */
const WHITE_SPACE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** No token begins with a byte up to this one. */
const LAST_WHITE_SPACE = 0x20

/** What may follow an integer only when it is none: ".", "E", "e". */
const FRACTION_OR_EXPONENT: ReadonlySet<number | undefined> = new Set([0x2e, 0x45, 0x65])

/** What may follow a backslash, beside "u" and four digits. */
const SHORT_ESCAPES: ReadonlySet<number | undefined> = new Set(bytesOf('"\\/bfnrt'))

/** Control characters that have a short escape: their long one is not canonical (PROTOCOL section 2). */
const SHORTLY_ESCAPED: ReadonlySet<number> = new Set(bytesOf('\b\t\n\f\r'))

/** "\u" and four digits. */
const LONG_ESCAPE_BYTES = 6

const FIRST_HIGH_SURROGATE = 0xd800
const FIRST_LOW_SURROGATE = 0xdc00
const LAST_LOW_SURROGATE = 0xdfff

/** The words of JSON by their first byte. */
const WORDS: ReadonlyMap<number | undefined, Uint8Array> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), bytesOf(word)]),
)

/** Enough of a key to find it. */
const MAX_KEY_CHARACTERS = 40

const BYTE_ORDER_MARK: Uint8Array = Uint8Array.of(0xef, 0xbb, 0xbf)

const utf8 = new TextDecoder()

/** Where a value stands that is a part of a document, in bytes. */
export interface Part {
  /** The first quote of its key; in an array, the value itself. */
  readonly from: number
  readonly valueFrom: number
  /** The first place behind it. */
  readonly to: number
  /** Whether the value is as the canonical encoder writes it. */
  readonly isCanonical: boolean
  /** Those of its own parts that are noted; undefined where none are looked for. */
  readonly parts: readonly Part[] | undefined
}

/** What a scan tells of a document that it lets pass. */
export interface StrictScan {
  /** Whether it is as the canonical encoder writes it. */
  readonly isCanonical: boolean
  /** The members or items at the top that are noted, in their order. */
  readonly parts: readonly Part[]
}

/** What of a document is noted while it is gone through. */
export interface Noting {
  /** Of how many levels it is noted where the parts stand; of what is in a list only where it stands itself. */
  readonly levels: number
  /** The keys of those that are noted on the last level, plain ASCII: there are many of them, and few are of interest. */
  readonly named: readonly string[]
}

/** Nothing is noted. */
const NOTHING: Noting = { levels: 0, named: [] }

/** Of all that have none: an array for each would be most of what a scan leaves behind. Nothing is added to it. */
const NO_PARTS: Part[] = []

/** Parts that are noted beyond the top: enough for a page of the log, little for the memory whatever is sent. */
const MAX_INNER_PARTS = 16_384

/**
 * Goes through a document once and refuses whatever `JSON.parse` refuses or would hide: duplicate keys (after
 * unescaping), fractions, exponents, `-0`, integers beyond ±(2^53−1), lone surrogates, invalid UTF-8, a byte-order mark,
 * more than 64 levels (PROTOCOL section 2). It builds nothing: the engine does that quicker for what has passed, and
 * whoever verifies needs little of it.
 *
 * @param bytes - the whole document. The time taken grows with it, no faster.
 * @param noting - Default: nothing. Where the parts below the top are too many, none of these is told.
 * @throws FederationError `invalid_json`, whose message says where and what.
 */
export function scanStrictly(bytes: Uint8Array, noting: Noting = NOTHING): StrictScan {
  return new Scanner(bytes, noting).document()
}

/**
 * Whether a member of a canonical document has this key, which is plain ASCII.
 *
 * @param from - where the member begins.
 * @param valueFrom - where its value begins.
 */
export function isNamed(bytes: Uint8Array, from: number, valueFrom: number, key: string): boolean {
  // Two quotes and a colon stand around it.
  if (valueFrom - from !== key.length + 3) return false
  for (let index = 0; index < key.length; index++) {
    if (bytes[from + 1 + index] !== key.charCodeAt(index)) return false
  }
  return true
}

class Scanner {
  readonly #bytes: Uint8Array
  #position = 0
  /** Whether all that was seen so far is as the canonical encoder writes it. */
  #isCanonical = true
  /** Those of the array or object that is gone through. */
  #parts: Part[] = NO_PARTS
  readonly #noting: Noting
  /** Inside an array they may be fewer than what was asked for. */
  #notedLevels: number
  readonly #keyPlaces = new KeyPlaces()
  #innerParts = 0

  constructor(bytes: Uint8Array, noting: Noting) {
    this.#bytes = bytes
    this.#noting = noting
    this.#notedLevels = noting.levels
  }

  document(): StrictScan {
    if (this.#startsHere(BYTE_ORDER_MARK)) {
      throw new FederationError('invalid_json', 'The document begins with a byte-order mark: leave it out')
    }
    this.#skipWhiteSpace()
    this.#value(0)
    this.#skipWhiteSpace()
    if (this.#position < this.#bytes.length) throw this.#refusal('the document should end here')
    return { isCanonical: this.#isCanonical, parts: this.#notedParts() }
  }

  /** @param levels - how many arrays and objects stand around the value. */
  #value(levels: number): void {
    const first = this.#bytes[this.#position]
    if (first === QUOTE) this.#string()
    else if (first === OPEN_BRACE) this.#object(levels + 1)
    else if (first === OPEN_BRACKET) this.#array(levels + 1)
    else if (!this.#standsHere(WORDS.get(first))) this.#integer()
  }

  #object(levels: number): void {
    this.#enter(levels)
    if (this.#skip(CLOSE_BRACE)) return
    const keys = new ObjectKeys(this.#bytes, this.#keyPlaces)
    do {
      const from = this.#position
      this.#key(keys)
      this.#expect(COLON, '":"')
      this.#part(from, levels)
      this.#skipWhiteSpace()
    } while (this.#skip(COMMA))
    this.#expect(CLOSE_BRACE, '"," or "}"')
    keys.end()
    this.#isCanonical &&= keys.areInOrder
  }

  #array(levels: number): void {
    this.#enter(levels)
    if (this.#skip(CLOSE_BRACKET)) return
    const notedLevels = this.#notedLevels
    this.#notedLevels = Math.min(notedLevels, levels)
    do {
      this.#part(this.#position, levels)
      this.#skipWhiteSpace()
    } while (this.#skip(COMMA))
    this.#notedLevels = this.#innerParts > MAX_INNER_PARTS ? 1 : notedLevels
    this.#expect(CLOSE_BRACKET, '"," or "]"')
  }

  /** A list that is not complete would tell something wrong, so there are all inner parts or none. */
  #notedParts(): readonly Part[] {
    if (this.#innerParts <= MAX_INNER_PARTS) return this.#parts
    return this.#parts.map((part) => ({ ...part, parts: undefined }))
  }

  /** @param from - where it begins, with its key if it has one. */
  #part(from: number, levels: number): void {
    if (!this.#isNoted(from, levels)) return this.#value(levels)
    const siblings = this.#parts
    const wasCanonical = this.#isCanonical
    const valueFrom = this.#position
    this.#parts = NO_PARTS
    this.#isCanonical = true
    this.#value(levels)
    const parts = levels < this.#notedLevels ? this.#parts : undefined
    const part: Part = { from, valueFrom, to: this.#position, isCanonical: this.#isCanonical, parts }
    this.#parts = appended(siblings, part)
    this.#isCanonical &&= wasCanonical
    if (levels > 1 && ++this.#innerParts > MAX_INNER_PARTS) this.#notedLevels = 1
  }

  /** Whether it is noted where the part stands whose value begins here. */
  #isNoted(from: number, levels: number): boolean {
    if (levels > this.#notedLevels) return false
    const { levels: last, named } = this.#noting
    if (levels < last) return true
    // A function for each member would be most of what a scan leaves behind.
    for (const key of named) if (isNamed(this.#bytes, from, this.#position, key)) return true
    return false
  }

  #enter(levels: number): void {
    if (levels > MAX_LEVELS) throw this.#refusal(`this is deeper than ${MAX_LEVELS} levels`)
    this.#position++
    this.#skipWhiteSpace()
  }

  #key(keys: ObjectKeys): void {
    const from = this.#position
    if (this.#bytes[from] !== QUOTE) throw this.#refusal('a key in double quotes is expected')
    const isPlain = this.#string()
    if (!keys.add(from, this.#position, isPlain)) {
      const key = JSON.parse(utf8.decode(this.#bytes.subarray(from, this.#position))) as string
      throw this.#refusal(`the key ${JSON.stringify(excerpt(key, MAX_KEY_CHARACTERS))} is there twice`, from)
    }
    this.#skipWhiteSpace()
  }

  /** @returns whether nothing in it is escaped. */
  #string(): boolean {
    const bytes = this.#bytes
    const start = this.#position
    let hasEscapes = false
    let position = start + 1
    for (;;) {
      while (position < bytes.length && isPlainAscii(bytes[position]!)) position++
      const byte = bytes[position]
      if (byte === QUOTE) break
      if (byte === undefined) throw this.#refusal('the string that begins here does not end', start)
      if (byte < 0x80) hasEscapes = true
      position += byte < 0x80 ? this.#lengthOfEscape(position, start) : this.#lengthOfCharacter(position)
    }
    this.#position = position + 1
    return !hasEscapes
  }

  #lengthOfCharacter(position: number): number {
    const length = utf8Length(this.#bytes, position)
    if (length > 0) return length
    throw new FederationError('invalid_json', `The document is not UTF-8: see its byte ${position}`)
  }

  /** Of what stands in a string at `position` and is neither plain nor its end. */
  #lengthOfEscape(position: number, start: number): number {
    const letter = this.#bytes[position] === BACKSLASH ? this.#bytes[position + 1] : undefined
    if (letter === LOWER_U) return this.#lengthOfLongEscape(position, start)
    if (!SHORT_ESCAPES.has(letter)) throw this.#unknownEscape(start)
    this.#isCanonical &&= letter !== SLASH
    return 2
  }

  #lengthOfLongEscape(position: number, start: number): number {
    const unit = this.#escapedUnit(position)
    if (unit === undefined) throw this.#unknownEscape(start)
    this.#isCanonical &&= unit < 0x20 && !SHORTLY_ESCAPED.has(unit) && !isUpperHex(this.#bytes[position + 5]!)
    if (unit < FIRST_HIGH_SURROGATE || unit > LAST_LOW_SURROGATE) return LONG_ESCAPE_BYTES
    const next = this.#escapedUnit(position + LONG_ESCAPE_BYTES) ?? 0
    if (unit < FIRST_LOW_SURROGATE && next >= FIRST_LOW_SURROGATE && next <= LAST_LOW_SURROGATE) {
      return 2 * LONG_ESCAPE_BYTES
    }
    throw this.#refusal('the string that begins here has half of a surrogate pair', start)
  }

  /** The UTF-16 unit of a long escape, if there is one at `position`. */
  #escapedUnit(position: number): number | undefined {
    const escape = String.fromCharCode(...this.#bytes.subarray(position, position + LONG_ESCAPE_BYTES))
    return /^\\u[0-9a-fA-F]{4}$/.test(escape) ? Number.parseInt(escape.slice(2), 16) : undefined
  }

  #integer(): void {
    const bytes = this.#bytes
    const start = this.#position
    const firstDigit = bytes[start] === MINUS ? start + 1 : start
    let position = firstDigit
    let value = 0
    do {
      const byte = bytes[position] ?? 0
      if (byte < DIGIT_0 || byte > DIGIT_9) break
      // Beyond 2^53 it is rounded, to something that is beyond as well.
      value = 10 * value + (byte - DIGIT_0)
      position++
      // No other digit stands behind a zero at the front.
    } while (value > 0)
    if (position === firstDigit) throw this.#refusal('a value is expected')
    if (FRACTION_OR_EXPONENT.has(bytes[position])) {
      throw this.#refusal('this number has a fraction or an exponent; only whole numbers are accepted')
    }
    if (value === 0 && firstDigit > start) throw this.#refusal('-0 is not accepted, write 0')
    if (!Number.isSafeInteger(value)) throw this.#refusal('this number is not within -(2^53-1) and 2^53-1')
    this.#position = position
  }

  /** Goes past a word, if it stands here. */
  #standsHere(word: Uint8Array | undefined): boolean {
    if (word === undefined || !this.#startsHere(word)) return false
    this.#position += word.length
    return true
  }

  #startsHere(expected: Uint8Array): boolean {
    for (let index = 0; index < expected.length; index++) {
      if (this.#bytes[this.#position + index] !== expected[index]) return false
    }
    return true
  }

  #expect(byte: number, description: string): void {
    if (!this.#skip(byte)) throw this.#refusal(`${description} is expected`)
  }

  /** Goes past a byte and the white space after it, if it stands here. */
  #skip(byte: number): boolean {
    if (this.#bytes[this.#position] !== byte) return false
    this.#position++
    this.#skipWhiteSpace()
    return true
  }

  #skipWhiteSpace(): void {
    // Nearly always there is none.
    if (this.#position >= this.#bytes.length || this.#bytes[this.#position]! > LAST_WHITE_SPACE) return
    while (WHITE_SPACE.has(this.#bytes[this.#position])) {
      this.#position++
      this.#isCanonical = false
    }
  }

  #unknownEscape(start: number): FederationError {
    return this.#refusal('the string that begins here has a bare control character or an unknown escape', start)
  }

  #refusal(complaint: string, position: number = this.#position): FederationError {
    const before = utf8.decode(this.#bytes.subarray(0, position))
    const line = before.split('\n').length
    const column = before.length - before.lastIndexOf('\n')
    return new FederationError('invalid_json', `Line ${line}, column ${column}: ${complaint}`)
  }
}

function appended(parts: Part[], part: Part): Part[] {
  if (parts === NO_PARTS) return [part]
  parts.push(part)
  return parts
}

/** Whether an ASCII character stands between quotes as it is: no quote, backslash or control character. */
function isPlainAscii(byte: number): boolean {
  return byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH
}

/** Whether a hexadecimal digit is one of "A" to "F". */
function isUpperHex(digit: number): boolean {
  return digit >= UPPER_A && digit <= UPPER_F
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
