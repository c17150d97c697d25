import { FederationError } from '../errors.ts'

/** The standard alphabet (RFC 4648, section 4). */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** What a character that does not belong to the alphabet has in {@link VALUE_OF}. */
const NO_VALUE = 255

/** The value of each character by its code, which is below 128. */
const VALUE_OF: Uint8Array = new Uint8Array(128).fill(NO_VALUE)
for (const [value, character] of Array.from(ALPHABET).entries()) VALUE_OF[character.charCodeAt(0)] = value

/** Three bytes are four characters of 6 bits. */
const BITS_PER_CHARACTER = 6
const CHARACTERS_PER_GROUP = 4

/**
 * Encodes bytes as standard base64 without padding, which is how keys, signatures and hashes are written (PROTOCOL
 * section 2).
 */
export function encodeBase64(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const group = (bytes[index]! << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    text +=
      ALPHABET[group >> 18]! + ALPHABET[(group >> 12) & 63]! + ALPHABET[(group >> 6) & 63]! + ALPHABET[group & 63]!
  }
  return text.slice(0, charactersFor(bytes.length))
}

/**
 * Decodes standard base64, with or without padding (PROTOCOL section 2).
 *
 * Bits of the last character that belong to no byte are ignored, whatever they are: the Matrix specification's own
 * test key has them set. So several texts mean the same bytes, and a text is never an identity.
 *
 * @param text - only the standard alphabet, no white space.
 * @param expectedBytes - how many bytes there must be: 32 for keys, 64 for signatures. Default: any number.
 * @throws FederationError `invalid_base64`.
 */
export function decodeBase64(text: string, expectedBytes?: number): Uint8Array {
  const characters = withoutPadding(text)
  const length = Math.floor((characters.length * BITS_PER_CHARACTER) / 8)
  if (charactersFor(length) !== characters.length) throw refusal('a character is missing at the end')
  if (expectedBytes !== undefined && length !== expectedBytes) {
    throw refusal(`${expectedBytes} bytes are expected, these are ${length}`)
  }
  return decodeCharacters(characters, length)
}

function decodeCharacters(characters: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let bits = 0
  let bitCount = 0
  let written = 0
  for (let index = 0; index < characters.length; index++) {
    const value = VALUE_OF[characters.charCodeAt(index)] ?? NO_VALUE
    if (value === NO_VALUE) throw refusal('only A-Z, a-z, 0-9, + and / are allowed')
    // Only the lowest bits count: what was written out before may overflow.
    bits = (bits << BITS_PER_CHARACTER) | value
    bitCount += BITS_PER_CHARACTER
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[written++] = bits >> bitCount
    }
  }
  return bytes
}

function withoutPadding(text: string): string {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (padding > 0 && text.length % CHARACTERS_PER_GROUP !== 0) throw refusal('the padding has the wrong length')
  return text.slice(0, text.length - padding)
}

function charactersFor(byteCount: number): number {
  return Math.ceil((byteCount * 8) / BITS_PER_CHARACTER)
}

function refusal(complaint: string): FederationError {
  return new FederationError('invalid_base64', `This is not base64: ${complaint}`)
}
