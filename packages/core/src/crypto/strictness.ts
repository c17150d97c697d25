/**
 * What the strict verdict refuses whatever the equation says (PROTOCOL section 2). libsodium and dalek's
 * `verify_strict` have these checks, OpenSSL and tweetnacl lack some of them. All numbers are little-endian.
 */

/** The order of the base point, L = 2^252 + 27742317777372353535851937790883648493 (RFC 8032, section 5.1). */
const GROUP_ORDER = littleEndian(2n ** 252n + 27742317777372353535851937790883648493n)

/** The prime of the field, p = 2^255 − 19. */
const FIELD_PRIME = 2n ** 255n - 19n
const FIELD_PRIME_BYTES = littleEndian(FIELD_PRIME)

/** y of points of order 8: 2y² = 1 − d·y⁴, which is where doubling leads to the order 4. */
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n

/**
 * The y coordinates of the eight points whose order divides 8, and the two of them that can be written a second time,
 * as y + p, within 255 bits. Each with both signs of x: 14 encodings.
 */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  0n, // order 4
  1n, // order 1
  FIELD_PRIME - 1n, // order 2
  ORDER_8_Y,
  FIELD_PRIME - ORDER_8_Y,
  FIELD_PRIME, // 0 again
  FIELD_PRIME + 1n, // 1 again
].map(littleEndian)

/** The bit of the last byte that holds the sign of x; the other 255 bits of a point are y. */
const SIGN_BIT = 0x80

/** Whether 32 bytes encode a point whose order divides 8, in any of the 14 ways. */
export function isSmallOrder(point: Uint8Array): boolean {
  const unsigned = withoutSign(point)
  // Asked for each signature: a function made for each would be compiled again and again.
  for (const y of SMALL_ORDER_Y) if (compareLittleEndian(unsigned, y) === 0) return true
  return false
}

/** Whether the y coordinate in 32 bytes is below p, so that there is no second way to write it. */
export function isCanonicalY(point: Uint8Array): boolean {
  return compareLittleEndian(withoutSign(point), FIELD_PRIME_BYTES) < 0
}

/** Whether the number in 32 bytes is below the group order L. */
export function isBelowGroupOrder(scalar: Uint8Array): boolean {
  return compareLittleEndian(scalar, GROUP_ORDER) < 0
}

function withoutSign(point: Uint8Array): Uint8Array {
  const y = point.slice()
  y[31] = y[31]! & ~SIGN_BIT
  return y
}

/** Below 0, 0 or above 0, as `a` is less than, equal to or greater than `b`. Both have 32 bytes. */
function compareLittleEndian(a: Uint8Array, b: Uint8Array): number {
  for (let index = 31; index >= 0; index--) {
    const difference = a[index]! - b[index]!
    if (difference !== 0) return difference
  }
  return 0
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn))
}
