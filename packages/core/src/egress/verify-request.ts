import type { InnerList } from 'structured-headers'
import { sameBytes } from '../bytes.ts'
import { type PublicKey, sha256, verifySignature } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import type { FederationRequest } from '../http/index.ts'
import type { ServerNameOptions } from '../names/index.ts'
import { signatureBase } from './signature-base.ts'
import { fieldText, readDictionary, readSignatureFields } from './signature-fields.ts'
import { readParameters, type RequestSender } from './signature-parameters.ts'
import { DIGEST_ALGORITHM, invalidSignature, profileComponents } from './signature-profile.ts'

/** A request as it came in. */
export interface ReceivedRequest {
  readonly request: Pick<FederationRequest, 'method' | 'headers'>
  /** The raw bytes, before any parser. */
  readonly body: Uint8Array
  /** Built from this server's configured name and the raw target below its path, never from a header. */
  readonly targetUri: string
}

/** What a receiver knows and remembers. */
export interface RequestTrust extends ServerNameOptions {
  /** The present, in POSIX milliseconds. */
  readonly now: number
  /**
   * The sender's key if it is in its current `verify_keys`, fetched from the sender itself, never from a witness.
   * Undefined when it is not, or when the sender's keys cannot be had; what it throws is thrown on.
   */
  currentKey(sender: RequestSender): Promise<PublicKey | undefined>
  /**
   * Remembers a nonce until `expiresTs` (POSIX milliseconds), at least.
   *
   * @param nonce - unique to the sender's key.
   * @param sender - whose signature is good.
   * @returns false when it was remembered already; of two calls at one time only one gets true.
   */
  useNonce(nonce: string, expiresTs: number, sender: RequestSender): Promise<boolean>
}

/**
 * Authenticates a request of another server (PROTOCOL section 8, RFC 9421). What costs nothing is checked first, the
 * key is looked up after that, and the nonce is used up only once the signature is good, so that nobody can use up
 * another server's.
 *
 * @returns the canonical name of the server that signed it.
 * @throws FederationError `missing_request_signature`, `invalid_request_signature`, `stale_request`,
 *   `replayed_request`: each a 401, answered with `SIGNATURE_CHALLENGE`.
 */
export async function verifyRequest(received: ReceivedRequest, trust: RequestTrust): Promise<string> {
  const { input, signature } = readSignatureFields(received.request.headers)
  requireProfile(input, received.body.byteLength > 0)
  const { sender, nonce, goodUntilTs } = readParameters(input[1], trust.now, trust)
  const base = signatureBase(input, componentValues(received))
  if (base === undefined) throw invalidSignature('a component that it covers is missing or not printable')

  const key = await trust.currentKey(sender)
  if (key === undefined) throw invalidSignature(`${sender.keyId} is not among the current keys of ${sender.serverName}`)
  if (!verifySignature(key, base, signature)) throw invalidSignature('it does not fit what was received')

  const isNew = await trust.useNonce(`${sender.serverName}#${sender.keyId} ${nonce}`, goodUntilTs, sender)
  if (!isNew) throw new FederationError('replayed_request', 'This request was received before; sign each one anew.')
  return sender.serverName
}

/** Each component of the profile once, in any order, without parameters, which would change what is covered. */
function requireProfile([components]: InnerList, hasBody: boolean): void {
  const required = profileComponents(hasBody)
  const covered = new Set(components.map(([name, parameters]) => (parameters.size === 0 ? name : undefined)))
  if (components.length !== required.length || !required.every((name) => covered.has(name))) {
    throw invalidSignature(`it does not cover exactly ${required.join(', ')}${hasBody ? '' : ', for there is no body'}`)
  }
}

function componentValues({ request, body, targetUri }: ReceivedRequest): Map<string, string> {
  const values = new Map([
    ['@method', request.method],
    ['@target-uri', targetUri],
  ])
  for (const name of ['content-digest', 'content-type']) {
    const text = fieldText(request.headers, name)
    if (text !== undefined) values.set(name, text)
  }
  if (body.byteLength > 0) requireDigest(values.get('content-digest'), body)
  return values
}

/** Digests by other algorithms may stand beside ours (RFC 9530 section 2). */
function requireDigest(contentDigest: string | undefined, body: Uint8Array): void {
  const [claimed] = readDictionary('content-digest', contentDigest ?? '').get(DIGEST_ALGORITHM) ?? []
  const isSame = claimed instanceof ArrayBuffer && sameBytes(new Uint8Array(claimed), sha256(body))
  if (!isSame) throw invalidSignature(`content-digest has no ${DIGEST_ALGORITHM} that fits the body`)
}
