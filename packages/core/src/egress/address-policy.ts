import ipaddr from 'ipaddr.js'
import type { EgressPolicy } from './http-client.ts'

/** The only global unicast space that IANA hands out in IPv6 (RFC 4291 section 2.4, IANA's address space registry). */
const IPV6_GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]

/** The 16-bit groups that begin an ISATAP interface identifier, before the IPv4 address in it (RFC 5214 section 6.1). */
const ISATAP_UNIVERSAL_BITS = new Set([0x0000, 0x0200])
const ISATAP_MARK = 0x5efe

/**
 * Whether a request may go to an IP address (PROTOCOL section 11): global unicast only, and loopback with
 * `allowInsecure`.
 *
 * Every range of IANA's special-purpose registries is refused, those marked globally reachable too: no site lives
 * there. IPv4 inside IPv6 is refused in every form instead of being unwrapped (mapped, translated, compatible, NAT64
 * under both well-known prefixes, 6to4, Teredo, ISATAP): a site that has an IPv4 address publishes it as one, and
 * what a gateway behind such a form reaches cannot be known from here.
 *
 * @param address - in the text form of a resolver; anything else is refused.
 */
export function isPermittedAddress(address: string, policy: EgressPolicy): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return isPermittedRange(ipaddr.IPv4.parse(address).range(), policy)
  }
  if (!ipaddr.IPv6.isValid(address)) return false
  const parsed = ipaddr.IPv6.parse(address)
  const range = parsed.range()
  if (range === 'unicast' && (!parsed.match(IPV6_GLOBAL_UNICAST) || isIsatap(parsed))) return false
  return isPermittedRange(range, policy)
}

/** The IP address that a URL's host is, without brackets; undefined when it is a name. */
export function literalAddress(url: URL): string | undefined {
  if (url.hostname.startsWith('[')) return url.hostname.slice(1, -1)
  return ipaddr.IPv4.isValidFourPartDecimal(url.hostname) ? url.hostname : undefined
}

/** `unicast` is what ipaddr.js calls an address that is in none of its special ranges. */
function isPermittedRange(range: string, policy: EgressPolicy): boolean {
  return range === 'unicast' || (range === 'loopback' && policy.allowInsecure === true)
}

function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return ISATAP_UNIVERSAL_BITS.has(parts[4] ?? 0) && parts[5] === ISATAP_MARK
}
