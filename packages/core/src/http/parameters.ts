import { FederationError } from '../errors.ts'

/** The longest parameter value that is looked at, in characters: more than any id, title or cursor of ours. */
const MAX_VALUE_CHARACTERS = 2048

/**
 * The value of a query parameter that may stand once.
 *
 * @returns undefined when it is not there.
 * @throws FederationError `invalid_parameter` when it stands twice, is too long or holds broken text.
 */
export function textParameter(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  const [value] = values
  if (value === undefined) return undefined
  if (values.length > 1)
    throw new FederationError('invalid_parameter', `Give ${name} once, not ${values.length} times.`)
  if (value.length > MAX_VALUE_CHARACTERS) {
    throw new FederationError('invalid_parameter', `${name} is longer than ${MAX_VALUE_CHARACTERS} characters.`)
  }
  // URLSearchParams turns invalid UTF-8 into this character: what was asked for is then unknown.
  if (value.includes('\uFFFD')) {
    throw new FederationError('invalid_parameter', `${name} is not percent-encoded UTF-8.`)
  }
  return value
}

/**
 * The value of a query parameter that is a whole number.
 *
 * @throws FederationError with `code` when it is not a whole number from `min` to `max`, written in digits.
 */
export function integerParameter(
  query: URLSearchParams,
  name: string,
  range: { min: number; max: number; code: 'invalid_limit' | 'invalid_parameter' },
): number | undefined {
  const text = textParameter(query, name)
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= range.min && value <= range.max)) {
    throw new FederationError(range.code, `${name} is a whole number from ${range.min} to ${range.max}.`)
  }
  return value
}
