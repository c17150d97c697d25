import { compareCodePoints } from '../code-point-order.ts'

/** A JavaScript string in which the order by UTF-16 unit and the order by code point can differ. */
const SURROGATE = /[\ud800-\udfff]/

/** Below this many keys, inserting each in its place is quicker than the call of the engine's sort. */
const MAX_KEYS_TO_INSERT = 24

/** Puts keys in the order of Unicode code points, in place (PROTOCOL section 2). */
export function sortKeys(keys: string[]): void {
  if (keys.some(hasSurrogate)) keys.sort(compareCodePoints)
  else if (keys.length > MAX_KEYS_TO_INSERT) keys.sort()
  else insertionSort(keys)
}

function hasSurrogate(key: string): boolean {
  return SURROGATE.test(key)
}

function insertionSort(keys: string[]): void {
  for (let sorted = 1; sorted < keys.length; sorted++) {
    const key = keys[sorted]!
    let place = sorted
    while (place > 0 && keys[place - 1]! > key) {
      keys[place] = keys[place - 1]!
      place--
    }
    keys[place] = key
  }
}
