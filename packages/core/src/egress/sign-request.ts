import { type BareItem, type InnerList, type Item, serializeDictionary } from 'structured-headers'
import { randomBytes, sha256, type SigningKey } from '../crypto/index.ts'
import { FederationError } from '../errors.ts'
import { encodeBase64 } from '../json/index.ts'
import type { HttpMethod } from './http-client.ts'
import { signatureBase } from './signature-base.ts'
import {
  CLOCK_TOLERANCE_S,
  DIGEST_ALGORITHM,
  profileComponents,
  SIGNATURE_ALGORITHM,
  SIGNATURE_LABEL,
  SIGNATURE_TAG,
} from './signature-profile.ts'

/** As many as no two requests ever share by chance. */
const NONCE_BYTES = 16

/** A request to another server, before it is signed. */
export interface RequestToSign {
  readonly method: HttpMethod
  /** The absolute URL, spelled as it will be sent: below the receiver's server name. */
  readonly targetUri: string
  /**
   * What is sent, byte for byte, and its media type; its SHA-256, for whoever has it already. An empty body counts as
   * none.
   */
  readonly body?:
    | { readonly bytes: Uint8Array; readonly contentType: string; readonly sha256?: Uint8Array | undefined }
    | undefined
  /** This server's name. */
  readonly senderName: string
  /** `ed25519:` + version: which of this server's current keys `key` is. */
  readonly keyId: string
  readonly key: SigningKey
  /** The present, in POSIX milliseconds. */
  readonly now: number
  /** Never used before with this key. Default: 16 random bytes. */
  readonly nonce?: string | undefined
}

/**
 * Signs a request to another server (PROTOCOL section 8, RFC 9421).
 *
 * @returns the headers to send: `signature-input`, `signature`, and with a body `content-digest` and `content-type`.
 * @throws FederationError `internal` when `targetUri` would be sent in another spelling than was signed.
 */
export function signRequest(request: RequestToSign): Record<string, string> {
  const headers = bodyHeaders(request.body)
  const values = new Map([
    ['@method', request.method],
    ['@target-uri', sentSpelling(request.targetUri)],
    ...Object.entries(headers),
  ])
  const input = signatureInput(request, 'content-digest' in headers)
  const base = signatureBase(input, values)
  if (base === undefined) throw new FederationError('internal', 'The content type is not one that a header can carry.')
  return {
    ...headers,
    'signature-input': serializeDictionary(new Map([[SIGNATURE_LABEL, input]])),
    signature: serializeDictionary(new Map([[SIGNATURE_LABEL, byteSequence(request.key.sign(base))]])),
  }
}

function bodyHeaders(body: RequestToSign['body']): Record<string, string> {
  if (body === undefined || body.bytes.byteLength === 0) return {}
  const digest = byteSequence(body.sha256 ?? sha256(body.bytes))
  return {
    'content-digest': serializeDictionary(new Map([[DIGEST_ALGORITHM, digest]])),
    'content-type': body.contentType,
  }
}

/** What is sent is WHATWG's spelling of the URL; a signature over another one could never be verified. */
function sentSpelling(targetUri: string): string {
  const { href, hash } = new URL(targetUri)
  if (href !== targetUri || hash !== '') {
    throw new FederationError('internal', `${targetUri} cannot be signed: it would be sent as ${href}.`)
  }
  return targetUri
}

function signatureInput({ senderName, keyId, now, nonce }: RequestToSign, hasBody: boolean): InnerList {
  const created = Math.floor(now / 1000)
  const parameters = new Map<string, BareItem>([
    ['created', created],
    ['expires', created + CLOCK_TOLERANCE_S],
    ['nonce', nonce ?? encodeBase64(randomBytes(NONCE_BYTES))],
    ['keyid', `${senderName}#${keyId}`],
    ['alg', SIGNATURE_ALGORITHM],
    ['tag', SIGNATURE_TAG],
  ])
  return [profileComponents(hasBody).map((name) => [name, new Map()]), parameters]
}

function byteSequence(bytes: Uint8Array): Item {
  return [new Uint8Array(bytes), new Map()]
}
