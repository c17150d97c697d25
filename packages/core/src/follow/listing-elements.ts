import { FederationError } from '../errors.ts'

const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT, COMMA, QUOTE, BACKSLASH] = new TextEncoder().encode(
  '[]{},"\\',
)

/** Space, tab, line feed, carriage return (RFC 8259, section 2). */
const WHITE_SPACE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/**
 * Cuts a JSON array into the bytes of its elements, one at a time, so that a listing of any length is never parsed as
 * a whole. What stands inside an element is for a parser to judge.
 *
 * @param body - the whole array.
 * @throws FederationError `bad_response` where it is no array, or ends too early.
 */
export function* elementsOf(body: Uint8Array): Generator<Uint8Array> {
  let position = afterWhiteSpace(body, 0)
  if (body[position] !== OPEN_ARRAY) throw refusal('it does not begin with "["')
  position = afterWhiteSpace(body, position + 1)
  let more = body[position] !== CLOSE_ARRAY
  while (more) {
    const end = endOfElement(body, position)
    if (end === position) throw refusal(`an element is missing at byte ${position}`)
    yield body.subarray(position, end)
    more = body[end] === COMMA
    position = more ? afterWhiteSpace(body, end + 1) : end
  }
  if (afterWhiteSpace(body, position + 1) < body.length) throw refusal('something follows behind its "]"')
}

function afterWhiteSpace(body: Uint8Array, start: number): number {
  let position = start
  while (WHITE_SPACE.has(body[position])) position += 1
  return position
}

/** The place of the comma or bracket behind the element that begins at `start`. */
function endOfElement(body: Uint8Array, start: number): number {
  let depth = 0
  for (let position = start; position < body.length; position += 1) {
    const byte = body[position]
    if (byte === QUOTE) position = closingQuote(body, position)
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
    else if (depth === 0 && (byte === COMMA || byte === CLOSE_ARRAY)) return position
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1
  }
  throw refusal('it ends too early')
}

/** The place of the first quote behind `start` that no backslash escapes. */
function closingQuote(body: Uint8Array, start: number): number {
  for (let position = start + 1; position < body.length; position += 1) {
    if (body[position] === BACKSLASH) position += 1
    else if (body[position] === QUOTE) return position
  }
  throw refusal('it ends too early')
}

function refusal(reason: string): FederationError {
  return new FederationError('bad_response', `The listing is no JSON array: ${reason}.`)
}
