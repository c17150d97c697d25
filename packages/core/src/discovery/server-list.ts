import { FederationError, reasonOf } from '../errors.ts'
import { isJsonObject, type JsonValue, parseStrict } from '../json/index.ts'
import { isServerName, parseServerName, type ServerNameOptions } from '../names/index.ts'

/** Load balancers that are looked at (PROTOCOL section 3). */
const MAX_LOAD_BALANCERS = 64

/** The servers of a site, as its well-known file lists them. */
export interface ServerList {
  /** The server whose catalog it is. */
  readonly primary: string
  /** Servers that relay what the primary signed, 64 at most, in the file's order. They have none of its trust. */
  readonly loadBalancers: readonly string[]
}

/**
 * Reads a well-known file (PROTOCOL section 3). A primary that is not canonical refuses it, since then nobody is left
 * to trust; a load balancer that is not is passed over, since others do as well. So are those beyond the 64th.
 *
 * @param bytes - the file. The caller has bounded its size.
 * @param domain - of whom, for messages.
 * @throws FederationError `bad_response`.
 */
export function readServerList(bytes: Uint8Array, domain: string, names: ServerNameOptions): ServerList {
  try {
    return serverListOf(parseStrict(bytes), names)
  } catch (cause) {
    throw new FederationError('bad_response', `The list of servers of ${domain} is refused. ${reasonOf(cause)}`, {
      cause,
    })
  }
}

function serverListOf(file: JsonValue, names: ServerNameOptions): ServerList {
  if (!isJsonObject(file)) throw refusal('It is not an object.')
  const { primary, 'load-balancers': listed } = file
  if (typeof primary !== 'string') throw refusal('Its primary is not a text.')
  if (!Array.isArray(listed)) throw refusal('Its load-balancers are not a list.')
  return { primary: parseServerName(primary, names), loadBalancers: loadBalancersAmong(listed, primary, names) }
}

function loadBalancersAmong(listed: readonly JsonValue[], primary: string, names: ServerNameOptions): string[] {
  const canonical = listed.filter((name) => typeof name === 'string').filter((name) => isServerName(name, names))
  const others = new Set(canonical)
  others.delete(primary)
  return [...others].slice(0, MAX_LOAD_BALANCERS)
}

function refusal(reason: string): FederationError {
  return new FederationError('bad_response', reason)
}
