import { FederationError } from '../errors.ts'
import { isPermittedAddress, literalAddress } from './address-policy.ts'
import type { EgressPolicy } from './http-client.ts'

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }

/** Ports that need no word of the operator (PROTOCOL section 11). */
const WEB_PORTS: ReadonlySet<number> = new Set([443, 80])

/**
 * Checks everything about a URL that shows before its name is resolved. WHATWG's parser, which every other spelling
 * of an IPv4 address goes through (decimal, octal, hexadecimal, short), has the last word on what the host is.
 *
 * @param base - what a relative URL is relative to.
 * @returns the URL, without its fragment.
 * @throws FederationError `address_not_allowed`.
 */
export function permittedUrl(text: string, policy: EgressPolicy, base?: URL): URL {
  const url = parseUrl(text, base)
  const reason = refusalReason(url, policy)
  if (reason !== undefined)
    throw new FederationError('address_not_allowed', `${url.origin} may not be asked: ${reason}.`)
  url.hash = ''
  return url
}

function parseUrl(text: string, base: URL | undefined): URL {
  try {
    return new URL(text, base)
  } catch (cause) {
    throw new FederationError('address_not_allowed', 'What should be asked is not a URL.', { cause })
  }
}

function refusalReason(url: URL, policy: EgressPolicy): string | undefined {
  const defaultPort = DEFAULT_PORTS[url.protocol]
  if (defaultPort === undefined) return 'only https is allowed'
  if (url.protocol === 'http:' && !policy.allowInsecure) return 'plain http is only for tests, with allowInsecure'
  if (url.username !== '' || url.password !== '') return 'it carries a user name or a password'
  const port = url.port === '' ? defaultPort : Number(url.port)
  if (!isPermittedPort(port, policy)) return `port ${port} is not one of allowedPorts`
  const address = literalAddress(url)
  if (address !== undefined && !isPermittedAddress(address, policy)) return 'it is not a public address'
  return undefined
}

function isPermittedPort(port: number, { allowedPorts = [] }: EgressPolicy): boolean {
  return allowedPorts === 'any' || WEB_PORTS.has(port) || allowedPorts.includes(port)
}
