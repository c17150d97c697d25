import { FederationError } from '../errors.ts'
import { sortKeys } from './key-order.ts'
import { excerpt, hasLoneSurrogate, isPlainText } from './text.ts'
import { MAX_LEVELS } from './value.ts'

/** Where in a value we are: keys and positions from the outside in. */
type Path = (string | number)[]

const WHAT_CAN_BE_SAID = 'JSON knows plain objects, arrays, text, whole numbers, true, false and null only'

/** A key that a path shows without quotes. */
const PLAIN_STEP = /^[\w-]+$/

/** Enough of a path to find the place. */
const MAX_PATH_CHARACTERS = 200

/** A plain object, before its values are looked at. */
type Properties = Readonly<Record<string, unknown>>

const utf8 = new TextEncoder()

/**
 * Encodes a value as canonical JSON, the bytes that are signed and hashed (Matrix specification, appendix "Canonical
 * JSON"; PROTOCOL section 2).
 *
 * @param value - plain objects, arrays, text, whole numbers, booleans and null, at most 64 levels. Properties that are
 *   `undefined` are left out; `-0` is written `0`.
 * @throws FederationError `invalid_json`, whose message begins with the path to what cannot be encoded.
 */
export function encodeCanonical(value: unknown): Uint8Array {
  return utf8.encode(canonicalText(value))
}

/** The same as `encodeCanonical`, before it is encoded as UTF-8. */
export function canonicalText(value: unknown): string {
  return valueText(value, [])
}

function valueText(value: unknown, path: Path): string {
  switch (typeof value) {
    case 'string':
      return stringText(value, path)
    case 'number':
      return integerText(value, path)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return value === null ? 'null' : containerText(value, path)
    default:
      throw refusal(path, `is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}: ${WHAT_CAN_BE_SAID}`)
  }
}

function stringText(text: string, path: Path): string {
  if (isPlainText(text)) return `"${text}"`
  if (hasLoneSurrogate(text)) {
    throw refusal(path, 'has half of a surrogate pair: text must be whole Unicode characters')
  }
  // Matrix's escapes are exactly those that ECMAScript prescribes for well-formed text.
  return JSON.stringify(text)
}

function integerText(value: number, path: Path): string {
  if (Number.isSafeInteger(value)) return String(value)
  throw refusal(path, `is ${value}: only whole numbers from -(2^53-1) to 2^53-1 can be signed; write others as text`)
}

function containerText(value: object, path: Path): string {
  if (path.length >= MAX_LEVELS) {
    throw refusal(path, `is deeper than ${MAX_LEVELS} levels: does a value contain itself?`)
  }
  if (Array.isArray(value)) return arrayText(value, path)
  if (!isPlain(value)) throw refusal(path, `is a ${className(value)}: ${WHAT_CAN_BE_SAID}`)
  return objectText(value, path)
}

function arrayText(items: readonly unknown[], path: Path): string {
  let text = '['
  for (let index = 0; index < items.length; index++) {
    path.push(index)
    text += (index === 0 ? '' : ',') + valueText(items[index], path)
    path.pop()
  }
  return `${text}]`
}

function objectText(object: Properties, path: Path): string {
  let text = '{'
  for (const key of sortedKeys(object)) {
    if (object[key] === undefined) continue
    path.push(key)
    text += `${text === '{' ? '' : ','}${stringText(key, path)}:${valueText(object[key], path)}`
    path.pop()
  }
  return `${text}}`
}

/** Own keys in canonical order. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object)
  sortKeys(keys)
  return keys
}

/** Whether an object is only what its own properties say. Another realm has an `Object.prototype` of its own. */
function isPlain(value: object): value is Properties {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

/** What to call an object that is not plain; a prototype may have lost its constructor. */
function className(value: object): string {
  const { constructor } = value as { constructor: unknown }
  return typeof constructor === 'function' ? constructor.name : 'special object'
}

function refusal(path: Path, complaint: string): FederationError {
  return new FederationError('invalid_json', `${pathText(path)} ${complaint}`)
}

function pathText(path: Path): string {
  if (path.length === 0) return 'The value'
  return excerpt(path.map(stepText).join('').replace(/^\./, ''), MAX_PATH_CHARACTERS)
}

function stepText(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return PLAIN_STEP.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}
