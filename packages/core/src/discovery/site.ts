import { FederationError } from '../errors.ts'
import type { ServerNameOptions } from '../names/index.ts'

/** Where a site tells of its servers (PROTOCOL section 3). */
const WELL_KNOWN_PATH = '/.well-known/manga/servers'

/** A domain name has 253 characters at most (RFC 1035 section 2.3.4, without its length bytes), a port five. */
const MAX_DOMAIN_CHARACTERS = 253 + ':65535'.length

/** A name or an address in brackets, and a port: nothing that would make a URL of it mean something else. */
const DOMAIN = /^(?:[^\s/\\?#@%:[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i

/** Hosts that never leave the machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
const LOOPBACK_HOST = /^(?:(?:.+\.)?localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

/** A site that may belong to the federation. */
export interface Site {
  /** Its domain in one spelling: lower case, IDNA ASCII, with the port unless that is the scheme's own. */
  readonly domain: string
  /** Where it tells of its servers. */
  readonly wellKnownUrl: string
}

/**
 * Reads what a person gives as the domain of a site: `manga.example.com`, `日本語.jp:8443`. It is asked over https;
 * with `allowInsecure`, a loopback host is asked over http.
 *
 * @throws FederationError `invalid_parameter`, whose message says how a domain is written.
 */
export function siteOf(domain: string, { allowInsecure = false }: ServerNameOptions): Site {
  const url = domain.length <= MAX_DOMAIN_CHARACTERS && DOMAIN.test(domain) ? parseHost(`https://${domain}`) : undefined
  if (!url || url.hostname.endsWith('.')) throw refusal(domain)
  const isInsecure = allowInsecure && LOOPBACK_HOST.test(url.hostname)
  const { origin, host } = isInsecure ? new URL(`http://${domain}`) : url
  return { domain: host, wellKnownUrl: `${origin}${WELL_KNOWN_PATH}` }
}

function parseHost(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function refusal(domain: string): FederationError {
  const excerpt = JSON.stringify(domain.slice(0, MAX_DOMAIN_CHARACTERS))
  return new FederationError(
    'invalid_parameter',
    `${excerpt} is not a domain: write manga.example.com, or manga.example.com:8443 with a port.`,
  )
}
