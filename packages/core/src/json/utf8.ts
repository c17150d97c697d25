/** The least code point that needs so many bytes: a shorter form is the only one allowed (RFC 3629, section 3). */
const LEAST_CODE_POINT: readonly number[] = [0, 0, 0x80, 0x800, 0x10000]

const LAST_CODE_POINT = 0x10ffff

/**
 * How many bytes the character beyond ASCII takes that begins at `position` (RFC 3629, section 4).
 *
 * @returns 2 to 4; 0 when this is no UTF-8.
 */
export function utf8Length(bytes: Uint8Array, position: number): number {
  const first = bytes[position]!
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  // So many bits of the first byte say how long the character is, and one is 0.
  if (first >> (7 - length) !== (1 << (length + 1)) - 2) return 0
  let codePoint = first & (0x7f >> length)
  for (let index = 1; index < length; index++) {
    const byte = bytes[position + index] ?? 0
    if (byte >> 6 !== 0b10) return 0
    codePoint = (codePoint << 6) | (byte & 0x3f)
  }
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff
  return codePoint >= LEAST_CODE_POINT[length]! && codePoint <= LAST_CODE_POINT && !isSurrogate ? length : 0
}
