import type { FederationResponse } from '../http/index.ts'
import { jsonResponse } from '../http/index.ts'
import { encodeCanonical, type JsonObject } from '../json/index.ts'

/** A small answer to one server, which no cache keeps. */
export function jsonAnswer(status: number, json: JsonObject): FederationResponse {
  return { ...jsonResponse(encodeCanonical(json), 'no-store'), status }
}
