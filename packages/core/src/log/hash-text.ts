import { decodeBase64, type JsonValue } from '../json/index.ts'
import { HASH_BYTES } from './merkle.ts'

/** The hash that a text of a received document stands for (PROTOCOL section 9); undefined when it is none. */
export function hashOf(text: JsonValue | undefined): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return decodeBase64(text, HASH_BYTES)
  } catch {
    return undefined
  }
}
