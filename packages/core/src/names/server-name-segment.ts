import { FederationError } from '../errors.ts'
import { parseServerName, type ServerNameOptions } from './server-name.ts'

/** A server name as one percent-encoded path segment (PROTOCOL section 1). */
export function encodeServerNameSegment(serverName: string): string {
  return encodeURIComponent(serverName)
}

/**
 * Reads the server name that ends a raw path, decoding exactly once and mending what proxies break: some decode the
 * segment, some also collapse `//` (PROTOCOL section 1).
 *
 * @param raw - everything after the route's own path, as it came over the wire, without the query.
 * @returns the canonical server name.
 * @throws FederationError `invalid_server_name`.
 */
export function decodeServerNameSegment(raw: string, options: ServerNameOptions = {}): string {
  return parseServerName(repairScheme(decodeOnce(raw)), options)
}

/** A proxy that decoded the segment already left slashes in it, and then its percent signs are the name's own. */
function decodeOnce(raw: string): string {
  if (/^https?:\/\/?[^/]/i.test(raw)) return raw
  try {
    return decodeURIComponent(raw)
  } catch {
    throw new FederationError(
      'invalid_server_name',
      'The server name in the path is not percent-encoded UTF-8; encode it as one path segment.',
    )
  }
}

function repairScheme(name: string): string {
  return name.replace(/^(https?):\/(?!\/)/, '$1://')
}
