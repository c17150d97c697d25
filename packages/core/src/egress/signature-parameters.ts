import type { Parameters } from 'structured-headers'
import { FederationError } from '../errors.ts'
import { isKeyId, isServerName, type ServerNameOptions } from '../names/index.ts'
import { CLOCK_TOLERANCE_S, invalidSignature, SIGNATURE_ALGORITHM, SIGNATURE_TAG } from './signature-profile.ts'

/** Longest nonce in characters: each is remembered for as long as its request could be replayed. */
const MAX_NONCE_CHARACTERS = 128

/** Who signed a request, with which key. */
export interface RequestSender {
  /** Canonical. */
  readonly serverName: string
  /** `ed25519:` + version. */
  readonly keyId: string
}

/** A signature's parameters, checked one by one. */
export interface SignatureParameters {
  readonly sender: RequestSender
  readonly nonce: string
  /** From here on the request is refused as stale, POSIX milliseconds. */
  readonly goodUntilTs: number
}

/**
 * Reads a signature's parameters and checks its time.
 *
 * @param now - the present, POSIX milliseconds.
 * @throws FederationError `invalid_request_signature`, `stale_request`.
 */
export function readParameters(parameters: Parameters, now: number, names: ServerNameOptions): SignatureParameters {
  requireText(parameters, 'tag', SIGNATURE_TAG)
  requireText(parameters, 'alg', SIGNATURE_ALGORITHM)
  const nonce = parameters.get('nonce')
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > MAX_NONCE_CHARACTERS) {
    throw invalidSignature(`nonce is not a text of 1 to ${MAX_NONCE_CHARACTERS} characters`)
  }
  const sender = readSender(parameters.get('keyid'), names)
  return { sender, nonce, goodUntilTs: readTime(parameters, now) }
}

function requireText(parameters: Parameters, name: string, expected: string): void {
  if (parameters.get(name) !== expected) throw invalidSignature(`${name} is not "${expected}"`)
}

/** A server name has no fragment, so what follows `#` is the key id. */
function readSender(keyid: unknown, names: ServerNameOptions): RequestSender {
  const [serverName, keyId, ...more] = typeof keyid === 'string' ? keyid.split('#') : []
  if (serverName === undefined || keyId === undefined || more.length > 0) {
    throw invalidSignature('keyid is not a server name, # and a key id')
  }
  if (!isServerName(serverName, names)) throw invalidSignature('keyid does not begin with a canonical server name')
  if (!isKeyId(keyId)) throw invalidSignature('keyid does not end in a key id such as ed25519:abc')
  return { serverName, keyId }
}

function readTime(parameters: Parameters, now: number): number {
  const createdTs = readSeconds(parameters, 'created') * 1000
  const expiresTs = readSeconds(parameters, 'expires') * 1000
  if (Math.abs(now - createdTs) > CLOCK_TOLERANCE_S * 1000) {
    throw new FederationError(
      'stale_request',
      `The request was signed more than ${CLOCK_TOLERANCE_S} s before or after this server's present; check the clock.`,
    )
  }
  if (now > expiresTs) throw new FederationError('stale_request', "The request's signature has expired; sign it again.")
  return Math.min(createdTs + CLOCK_TOLERANCE_S * 1000, expiresTs) + 1
}

function readSeconds(parameters: Parameters, name: string): number {
  const value = parameters.get(name)
  if (typeof value !== 'number' || !Number.isInteger(value)) throw invalidSignature(`${name} is not in whole seconds`)
  return value
}
