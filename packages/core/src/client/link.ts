import { sha256 } from '../crypto/index.ts'
import { encodeBase64 } from '../json/index.ts'
import { voiceOf } from '../keys/ask-witnesses.ts'
import { isServerName, type ServerNameOptions, splitServerName } from '../names/index.ts'

/** Characters of a fingerprint: 128 bits, for which nobody finds a second key. */
const FINGERPRINT_CHARACTERS = 22
const FINGERPRINT = /^[A-Za-z0-9_-]{22}$/

/** Keys in one link: more than sign at a time during any rotation. */
const MAX_FINGERPRINTS = 4

/** Mirrors in one link. Two are what a site gives out. */
const MAX_MIRRORS = 8

/** The longest link that is read, in characters: all of the above with names of full length, percent-encoded. */
const MAX_LINK_CHARACTERS = 16 * 1024

/** What a link tells of a site, so that it can still be found and verified when its server is gone. */
export interface CatalogLink {
  /** As the well-known file is asked for: host, and port if it needs one. */
  readonly domain: string
  readonly serverName: string
  /** Of the keys with which the server signed when the link was made. */
  readonly fingerprints: readonly string[]
  /** Server names. They are trusted with nothing but passing on. */
  readonly mirrors: readonly string[]
}

/** What to put into a link. */
export interface LinkParts {
  readonly serverName: string
  /** The keys that sign now, 32 bytes each; at least one. */
  readonly publicKeys: readonly Uint8Array[]
  /** Server names of load balancers; two are enough. */
  readonly mirrors: readonly string[]
}

/**
 * Makes a link to a site: `https://manga.example.com/#k=…&m=…`. It opens the site like any other, and a reader app finds
 * in it by which key the catalog can be verified and who mirrors it. `s` names the server where it is not at `/v1`; it
 * must be of the site's own domain.
 */
export function makeLink({ serverName, publicKeys, mirrors }: LinkParts): string {
  const { origin } = splitServerName(serverName)
  const parts = [
    ...publicKeys.slice(0, MAX_FINGERPRINTS).map((key) => ['k', fingerprintOf(key)]),
    ...mirrors.slice(0, MAX_MIRRORS).map((mirror) => ['m', mirror]),
    ...(serverName === usualServerName(origin) ? [] : [['s', serverName]]),
  ]
  return `${origin}/#${new URLSearchParams(parts)}`
}

/** Names a key: SHA-256, its first 128 bits, in base64url. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return encodeBase64(sha256(publicKey)).slice(0, FINGERPRINT_CHARACTERS).replaceAll('+', '-').replaceAll('/', '_')
}

/**
 * Reads what somebody gave as a link. What is malformed in it is passed over.
 *
 * @returns undefined for what is no URL with a key in its fragment, such as a bare domain.
 */
export function parseLink(text: string, names: ServerNameOptions = {}): CatalogLink | undefined {
  if (text.length > MAX_LINK_CHARACTERS || !URL.canParse(text)) return undefined
  const { protocol, host, hash, origin } = new URL(text)
  if (protocol !== 'https:' && !(names.allowInsecure && protocol === 'http:')) return undefined
  const parts = new URLSearchParams(hash.slice(1))
  const fingerprints = parts.getAll('k').filter((value) => FINGERPRINT.test(value))
  const serverName = parts.get('s') ?? usualServerName(origin)
  if (fingerprints.length === 0 || !isServerName(serverName, names)) return undefined
  // A link to one site must not vouch for the server of another one.
  if (voiceOf(serverName) !== voiceOf(origin)) return undefined
  const mirrors = new Set(parts.getAll('m').filter((name) => isServerName(name, names) && name !== serverName))
  return {
    domain: host,
    serverName,
    fingerprints: fingerprints.slice(0, MAX_FINGERPRINTS),
    mirrors: [...mirrors].slice(0, MAX_MIRRORS),
  }
}

/** The name that the adapters suggest, and most servers have. */
function usualServerName(origin: string): string {
  return `${origin}/v1`
}
