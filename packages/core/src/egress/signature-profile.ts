import { FederationError } from '../errors.ts'

/** The fixed profile of HTTP Message Signatures (RFC 9421) between servers (PROTOCOL section 8). */
export const SIGNATURE_LABEL = 'fm'
export const SIGNATURE_TAG = 'federated-manga'
export const SIGNATURE_ALGORITHM = 'ed25519'

/** The algorithm of `Content-Digest` (RFC 9530). */
export const DIGEST_ALGORITHM = 'sha-256'

/** How far two servers' clocks may be apart, and so how long a signature is good, in seconds (PROTOCOL section 8). */
export const CLOCK_TOLERANCE_S = 300

/**
 * The `WWW-Authenticate` header of every 401 (RFC 9110 section 11.6.1). IANA has no scheme for RFC 9421; `Signature` is
 * what its forerunners used.
 */
export const SIGNATURE_CHALLENGE: string = `Signature realm="${SIGNATURE_TAG}", alg="${SIGNATURE_ALGORITHM}"`

/** The components that a signature covers: all of these and no others. */
export function profileComponents(hasBody: boolean): readonly string[] {
  return ['@method', '@target-uri', ...(hasBody ? ['content-digest', 'content-type'] : [])]
}

/** The refusal of a signature that is there but no good. */
export function invalidSignature(reason: string, cause?: unknown): FederationError {
  return new FederationError(
    'invalid_request_signature',
    `The signature of the request is refused: ${reason}.`,
    cause === undefined ? {} : { cause },
  )
}
