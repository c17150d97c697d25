import { inspect, isDeepStrictEqual } from 'node:util'

/** Deeper than a record that can be published. */
const SHOWN_LEVELS = 64

/** A record as it would arrive: a field that is undefined is a field that is missing. */
export function asSent(record: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)))
  } catch {
    // It contains itself, and cannot be published.
    return inspect(record, { depth: SHOWN_LEVELS })
  }
}

/** Longest piece of a value that a message repeats. */
const SHOWN_CHARACTERS = 120

/**
 * Where two records differ first, as in `metadata.en.title is 'A', then 'B'`; undefined where they do not.
 *
 * @param first - what `asSent` made of a record.
 * @param second - what `asSent` made of the other.
 */
export function differenceOf(first: unknown, second: unknown, path: string = ''): string | undefined {
  if (isDeepStrictEqual(first, second)) return undefined
  if (isContainer(first) && isContainer(second) && Array.isArray(first) === Array.isArray(second)) {
    for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
      const found = differenceOf(first[name], second[name], path === '' ? name : `${path}.${name}`)
      if (found !== undefined) return found
    }
  }
  return `${path || 'the record'} is ${text(first)}, then ${text(second)}`
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function text(value: unknown): string {
  return inspect(value, { breakLength: Infinity }).slice(0, SHOWN_CHARACTERS)
}

/** Words to add where an id is wrong in a way that JavaScript's numbers cause; nothing for other ids. */
export function roundingHint(id: string): string {
  if (!/^-?\d+$/.test(id) || Number.isSafeInteger(Number(id))) return ''
  return (
    ` The id ${id} is beyond 2^53, where JavaScript rounds numbers: read it from the database as text or BigInt, and ` +
    'never through Number.'
  )
}
