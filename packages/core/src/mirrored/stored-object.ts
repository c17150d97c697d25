import type { JsonObject } from '../json/index.ts'

const decoder = new TextDecoder()

/** An object of the store as JSON. It was read strictly before it was stored, so the engine's own parser is enough. */
export function parseStored(bytes: Uint8Array): JsonObject {
  return JSON.parse(decoder.decode(bytes)) as JsonObject
}
