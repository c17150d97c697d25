import { FederationError } from '../errors.ts'
import { type EgressPolicy, type HttpMethod, type HttpResponse, isReading } from './http-client.ts'
import { permittedUrl } from './url-policy.ts'

/** How often a request is passed on (PROTOCOL sections 3 and 11). */
const MAX_REDIRECTS = 3

/** Statuses that name another place for the same answer (RFC 9110 section 15.4). */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Where an answer sends its reader on to; undefined when it is to be read itself. */
export function redirectLocation(
  method: HttpMethod,
  { status, headers }: Pick<HttpResponse, 'status' | 'headers'>,
): string | undefined {
  return isReading(method) && REDIRECTS.has(status) ? headers['location'] : undefined
}

/**
 * Checks the next step of a request like its first one.
 *
 * @param visited - the URLs asked so far, in order; at least one.
 * @throws FederationError `address_not_allowed`; `bad_response` when the redirects do not end.
 */
export function nextUrl(location: string, visited: readonly URL[], policy: EgressPolicy): URL {
  const from = visited.at(-1)
  const url = permittedUrl(location, policy, from)
  if (from?.protocol === 'https:' && url.protocol !== 'https:') {
    throw new FederationError('address_not_allowed', `${from.origin} redirects from https to http.`)
  }
  if (visited.some((seen) => seen.href === url.href)) {
    throw new FederationError('bad_response', `${url.origin} redirects in a circle.`)
  }
  if (visited.length > MAX_REDIRECTS) {
    throw new FederationError('bad_response', `${url.origin} is the end of more than ${MAX_REDIRECTS} redirects.`)
  }
  return url
}
