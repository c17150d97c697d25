import { MAX_OBJECT_BYTES } from '../catalog/index.ts'
import { FederationError } from '../errors.ts'
import { type JsonValue, parseStrict } from '../json/index.ts'
import type { Listing } from './listing-answer.ts'
import { isObjectId, type ReceivedObject, readReceivedObject } from './received-object.ts'

/** The longest element that is looked at: an object that carries another one (PROTOCOL section 6.1), and white space. */
const MAX_ELEMENT_BYTES = 3 * MAX_OBJECT_BYTES

/** The longest element whose id is looked for: reading one takes some milliseconds. */
const MAX_BROKEN_ELEMENT_BYTES = 1024 * 1024

const decoder = new TextDecoder()

/**
 * Reads one element of a listing.
 *
 * @param element - its bytes, as received.
 * @throws FederationError `invalid_json`, or `invalid_record` with what a catalog needs and it lacks.
 */
export function readListedObject({ kind, seriesId }: Listing, element: Uint8Array): ReceivedObject {
  if (element.byteLength > MAX_ELEMENT_BYTES) throw refusal(`It has ${element.byteLength} bytes, which no object has.`)
  const object = readReceivedObject(kind, parseStrict(element))
  if (object.seriesId !== seriesId) throw refusal(`It is no chapter of the series ${JSON.stringify(seriesId)}.`)
  return object
}

/**
 * The id of an element that was refused, if it shows one: the object is listed still, so what is held of it stays. Read
 * leniently, since a fraction in a number may be all that is wrong with it.
 */
export function idOfElement(element: Uint8Array): string | undefined {
  if (element.byteLength > MAX_BROKEN_ELEMENT_BYTES) return undefined
  try {
    const { id } = JSON.parse(decoder.decode(element)) as { id?: JsonValue }
    return isObjectId(id) ? id : undefined
  } catch {
    return undefined
  }
}

function refusal(message: string): FederationError {
  return new FederationError('invalid_record', message)
}
