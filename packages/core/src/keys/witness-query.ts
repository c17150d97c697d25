import { FederationError } from '../errors.ts'
import { isJsonObject, type JsonValue, parseStrict } from '../json/index.ts'

/** Servers in one question (PROTOCOL section 5.2). */
const MAX_SERVERS = 50

/** Key ids under one server (PROTOCOL section 5.2). */
const MAX_KEY_IDS = 50

/** The longest question in bytes: 50 servers with 50 key ids of full length. */
export const MAX_QUERY_BYTES: number = 384 * 1024

/** Which servers are asked for, and until when their documents must be valid. */
export type WitnessQuery = ReadonlyMap<string, { readonly minimumValidUntilTs: number | undefined }>

/**
 * Reads the body of a question for several servers' keys (PROTOCOL section 5.2).
 *
 * Of the key ids only their greatest `minimum_valid_until_ts` matters: documents are answered whole.
 *
 * @throws FederationError `invalid_json`, `invalid_parameter`.
 */
export function readWitnessQuery(body: Uint8Array): WitnessQuery {
  const document = parseStrict(body)
  const servers = isJsonObject(document) ? document.server_keys : undefined
  if (!isJsonObject(servers)) throw refusal('the body must be {"server_keys": {"https://…/v1": {}}}')
  const entries = Object.entries(servers)
  if (entries.length > MAX_SERVERS) throw refusal(`ask for ${MAX_SERVERS} servers at most at once`)
  return new Map(entries.map(([serverName, keys]) => [serverName, { minimumValidUntilTs: minimumOf(keys) }]))
}

function minimumOf(keys: JsonValue): number | undefined {
  if (!isJsonObject(keys)) throw refusal('under each server there must be an object of key ids, which may be empty')
  const criteria = Object.values(keys)
  if (criteria.length > MAX_KEY_IDS) throw refusal(`ask for ${MAX_KEY_IDS} keys of one server at most`)
  const minimums = criteria.flatMap(readCriteria)
  return minimums.length === 0 ? undefined : Math.max(...minimums)
}

function readCriteria(criteria: JsonValue): number[] {
  if (!isJsonObject(criteria)) throw refusal('under each key id there must be an object, which may be empty')
  const { minimum_valid_until_ts: minimum } = criteria
  if (minimum === undefined) return []
  if (typeof minimum !== 'number' || minimum < 0) {
    throw refusal('minimum_valid_until_ts is a whole number of milliseconds that is not negative')
  }
  return [minimum]
}

function refusal(reason: string): FederationError {
  return new FederationError('invalid_parameter', `The question for keys is wrong: ${reason}.`)
}
