/** Text that is easily got wrong: escapes, controls, what sorts differently by UTF-16 unit, what composes. */
const PIECES = [
  'a',
  'Z',
  '0',
  '10',
  '2',
  '"',
  '\\',
  '/',
  '\u0000',
  '\u0008',
  '\t',
  '\n',
  '\u000b',
  '\f',
  '\r',
  '\u001f',
  '\u007f',
  '\u0080',
  'é',
  'e\u0301',
  '日本',
  '\u2028',
  '\u2029',
  '\ud7ff',
  '\ue000',
  '\ufb33',
  '\ufeff',
  '\uffff',
  '😀',
  '\u{10ffff}',
  '__proto__',
  'constructor',
  'toJSON',
]

const INTEGERS = [0, 1, -1, 1000, 2 ** 31, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]

/** Enough to have objects in arrays in objects. */
const MAX_LEVELS = 4

/** Documents that are the same in every run. */
export function generatedDocuments(count: number): object[] {
  const random = randomNumbers(20_260_101)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)]!
  const text = (): string => Array.from({ length: below(4) }, () => pick(PIECES)).join('')
  const value = (levels: number): unknown => {
    switch (below(levels > 0 ? 8 : 6)) {
      case 0:
        return pick([true, false, null])
      case 1:
        return pick(INTEGERS)
      case 2:
        return below(2 ** 31) - 2 ** 30
      case 6:
        return Array.from({ length: below(4) }, () => value(levels - 1))
      case 7:
        return object(levels - 1)
      default:
        return text()
    }
  }
  const object = (levels: number): object =>
    Object.fromEntries(Array.from({ length: below(7) }, () => [text(), value(levels)]))
  return Array.from({ length: count }, () => object(MAX_LEVELS))
}

/** mulberry32: numbers from 0 to 1, the same ones for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
