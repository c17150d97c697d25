import { FederationError } from '../errors.ts'
import { decodeBase64, encodeBase64 } from '../json/index.ts'

/** Tells our cursors from other text, and one form of them from the next. */
const FORM = 'after:'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The cursor that continues after this id. Opaque to clients, safe in a URL. */
export function encodeCursor(afterId: string): string {
  return encodeBase64(encoder.encode(FORM + afterId))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/**
 * The id that a cursor continues after.
 *
 * @throws FederationError `invalid_cursor` for anything that `encodeCursor` did not make.
 */
export function decodeCursor(cursor: string): string {
  try {
    const text = decoder.decode(decodeBase64(cursor.replaceAll('-', '+').replaceAll('_', '/')))
    if (text.startsWith(FORM) && encodeCursor(text.slice(FORM.length)) === cursor) return text.slice(FORM.length)
  } catch {
    // Not base64 or not UTF-8: the same answer as for any other foreign text.
  }
  throw new FederationError('invalid_cursor', 'This cursor is not one of ours. Begin again without a cursor.')
}
