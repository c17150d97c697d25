import { concatBytes, joinBytes } from '../bytes.ts'
import { type FederationResponse, jsonResponse } from '../http/index.ts'
import { KEY_CACHE_CONTROL } from './own-keys.ts'

const encoder = new TextEncoder()
const OPEN = encoder.encode('{"server_keys":[')
const COMMA = encoder.encode(',')
const CLOSE = encoder.encode(']}')

/** Answers that hold one document, by its bytes: a warm witness gives the same one again and again. */
const answersOfOne = new WeakMap<Uint8Array, FederationResponse>()

/** The answer of a witness: documents as they were signed, joined. */
export function serverKeysResponse(documents: readonly Uint8Array[]): FederationResponse {
  const [only] = documents.length === 1 ? documents : []
  const kept = only && answersOfOne.get(only)
  if (kept) return kept
  const body = concatBytes([OPEN, joinBytes(documents, COMMA), CLOSE])
  // That nothing is known is not kept by caches.
  const response = jsonResponse(body, documents.length === 0 ? 'no-store' : KEY_CACHE_CONTROL)
  if (only) answersOfOne.set(only, response)
  return response
}
