/**
 * Compares two texts by Unicode code point, as UTF-8 databases order their bytes. JavaScript's own order is by
 * UTF-16 unit and puts U+1F600 (a surrogate pair, from U+D800 on) before U+FB33.
 *
 * @returns below 0, 0 or above 0, as `Array.prototype.sort` wants it.
 */
export function compareCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index++) {
    const difference = orderOf(a.charCodeAt(index)) - orderOf(b.charCodeAt(index))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const FIRST_SURROGATE = 0xd800
const LAST_SURROGATE = 0xdfff

/** Lifts surrogates above all other units: they stand for code points from U+10000 on. */
function orderOf(unit: number): number {
  return unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE ? unit + 0x10000 : unit
}
