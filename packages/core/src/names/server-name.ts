import { LRUCache } from 'lru-cache'
import { FederationError } from '../errors.ts'

/** Longest server name in characters (PROTOCOL section 1). */
const MAX_NAME_CHARACTERS = 255

/** One path segment: RFC 3986's `pchar`, percent-encoding in upper case. No `%2F`: it would hide a separator. */
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!2F)[0-9A-F]{2})+$/

/** Characters that RFC 3986 never needs percent-encoded: `%7E` and `~` would be two spellings of one name. */
const UNRESERVED = /^[A-Za-z0-9._~-]$/

/** Names that were found canonical: the same few stand in every object. At most 255 characters each. */
const CANONICAL = new LRUCache<string, true>({ max: 2000 })

/** What a server name may be beyond the rule. */
export interface ServerNameOptions {
  /** Accept `http` too: for loopback and tests. Default is false. */
  readonly allowInsecure?: boolean | undefined
}

/**
 * Checks that a text is a server name in its one canonical form (PROTOCOL section 1).
 *
 * @param text - for example `https://manga.example.com/v1`.
 * @returns the same text.
 * @throws FederationError `invalid_server_name`, with the canonical spelling in the message where there is one.
 */
export function parseServerName(text: string, options: ServerNameOptions = {}): string {
  if (CANONICAL.has(text) && (options.allowInsecure || text.startsWith('https:'))) return text
  if (text.length > MAX_NAME_CHARACTERS) {
    throw refusal(`is ${text.length} characters long; ${MAX_NAME_CHARACTERS} at most are allowed`, text)
  }
  const canonical = canonicalServerName(text, options)
  if (canonical !== text) throw refusal(`is not in canonical form; write ${canonical}`, text)
  CANONICAL.set(text, true)
  return text
}

/** Whether a text is a canonical server name. */
export function isServerName(text: string, options: ServerNameOptions = {}): boolean {
  try {
    parseServerName(text, options)
    return true
  } catch {
    return false
  }
}

/**
 * Splits a server name that was checked before.
 *
 * @returns `origin` is scheme, host and port; `path` begins with a slash and ends in `/v1`.
 */
export function splitServerName(serverName: string): { origin: string; path: string } {
  const pathStart = serverName.indexOf('/', serverName.indexOf('//') + 2)
  return { origin: serverName.slice(0, pathStart), path: serverName.slice(pathStart) }
}

/** The one spelling of what the text names. */
function canonicalServerName(text: string, options: ServerNameOptions): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refusal('is not a URL; it looks like https://manga.example.com/v1', text)
  }
  if (url.protocol !== 'https:' && !(options.allowInsecure && url.protocol === 'http:')) {
    throw refusal(
      url.protocol === 'http:'
        ? 'begins with http; use https (http is only for tests, with allowInsecure)'
        : 'does not begin with https://',
      text,
    )
  }
  if (url.host.endsWith('.') || url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  const path = canonicalPath(url.pathname, text)
  return `${url.protocol}//${url.host}${path}`
}

/** No trailing slash, upper-case percent-encoding, nothing encoded without need, `/v1` at the end. */
function canonicalPath(pathname: string, text: string): string {
  const path = pathname.replace(/\/+$/, '').replaceAll(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return UNRESERVED.test(character) ? character : escape.toUpperCase()
  })
  const segments = path.split('/').slice(1)
  if (segments.at(-1) !== 'v1') {
    throw refusal('does not end in /v1, the path of the federation API', text)
  }
  if (!segments.every((segment) => SEGMENT.test(segment))) {
    throw refusal('has an empty part or a forbidden character in its path', text)
  }
  return path
}

function refusal(reason: string, text: string): FederationError {
  return new FederationError('invalid_server_name', `The server name ${JSON.stringify(excerpt(text))} ${reason}.`)
}

/** Enough of a hostile text to recognize it. */
function excerpt(text: string): string {
  return text.length <= MAX_NAME_CHARACTERS ? text : `${text.slice(0, 64)}…`
}
