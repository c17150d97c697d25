import ipaddr from 'ipaddr.js'

/** 16-bit groups of an IPv6 address that name the network: a /64, what a customer gets at least (RFC 6177). */
const NETWORK_GROUPS = 4

/** What all share whose address is none: a Unix socket, or what a proxy wrote. */
const UNKNOWN = 'unknown'

/**
 * Who a client is to the limits: its IPv4 address, or the /64 of its IPv6 address, within which it can take a new
 * address for each request.
 *
 * @param clientAddress - as the framework knows it.
 */
export function clientNetwork(clientAddress: string): string {
  if (!ipaddr.isValid(clientAddress)) return UNKNOWN
  // Also unwraps ::ffff:192.0.2.1, as which a socket for both families shows an IPv4 client.
  const address = ipaddr.process(clientAddress)
  if (address instanceof ipaddr.IPv4) return address.toString()
  const groups = address.parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16))
  return `${groups.join(':')}::/64`
}
