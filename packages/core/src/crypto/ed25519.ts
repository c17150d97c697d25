import { LRUCache } from 'lru-cache'
import { FederationError } from '../errors.ts'
import type { Backend, SigningKey, Verifier } from './backend.ts'
import { isBelowGroupOrder, isCanonicalY, isSmallOrder } from './strictness.ts'

/** Ed25519 keys and the two halves of a signature, R and S, have 32 bytes (RFC 8032, section 5.1). */
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

/** A federation of a thousand servers with a few keys each; an entry takes about 1 KiB. */
const MAX_CACHED_KEYS = 4096

/** Under which an imported key keeps what its backend made of it. */
export const VERIFIER: unique symbol = Symbol('verifier')

/** A public key that passed the checks of `importPublicKey`. */
export interface PublicKey {
  /** 32 bytes, not to be written to. */
  readonly bytes: Uint8Array
  readonly [VERIFIER]: Verifier
}

/** A message, a signature, and the key that may have made it. */
export interface SignatureCheck {
  readonly key: PublicKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Ed25519 with one verdict on every backend, the strict one of PROTOCOL section 2. */
export interface Ed25519 {
  /**
   * Checks a public key, once, and makes it ready to verify with. The same bytes may get the same object again.
   *
   * @param bytes - the key as RFC 8032 encodes it, 32 bytes. They are copied.
   * @throws FederationError `invalid_key` when there are not 32 bytes, when y ≥ p, or when the point is one of those
   *   of small order, under which one signature fits many messages (PROTOCOL section 2).
   */
  readonly importPublicKey: (bytes: Uint8Array) => PublicKey
  /**
   * Whether `signature` was made by `key` over `message`: 64 bytes, S < L, R not of small order, and the equation
   * without cofactor (PROTOCOL section 2). Never throws.
   */
  readonly verifySignature: (key: PublicKey, message: Uint8Array, signature: Uint8Array) => boolean
  /**
   * `verifySignature` for many, on all cores where the backend can, and leaving the thread free between two of them.
   *
   * @param checks - any number; none of the byte arrays may change until the answer is there.
   * @returns the verdicts in the order of `checks`.
   */
  readonly verifySignatures: (checks: readonly SignatureCheck[]) => Promise<boolean[]>
  /**
   * Makes a key ready to sign with.
   *
   * @param seed - the private key of RFC 8032, 32 bytes. They are copied.
   * @throws FederationError `invalid_key` when there are not 32 bytes.
   */
  readonly importSigningKey: (seed: Uint8Array) => SigningKey
}

/** Puts the rules around a backend. */
export function ed25519On(backend: Backend): Ed25519 {
  const imported = new LRUCache<string, PublicKey>({ max: MAX_CACHED_KEYS })

  function importPublicKey(bytes: Uint8Array): PublicKey {
    checkPublicKey(bytes)
    const cacheKey = String.fromCharCode(...bytes)
    const known = imported.get(cacheKey)
    if (known !== undefined) return known
    const key = { bytes: Uint8Array.from(bytes), [VERIFIER]: backend.verifier(bytes) }
    imported.set(cacheKey, key)
    return key
  }

  function verifySignatures(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    const areAcceptable = checks.map(({ signature }) => isAcceptable(signature))
    const acceptable = checks.filter((_check, index) => areAcceptable[index])
    const holding = backend.verifyTogether(
      acceptable.map(({ key, message, signature }) => ({ verifier: key[VERIFIER], message, signature })),
    )
    // What waits for the answer has no hold on what was asked: there may be much of it.
    return holding.then((holds) => inTheirPlaces(holds, areAcceptable))
  }

  return {
    importPublicKey,
    verifySignature: (key, message, signature) => isAcceptable(signature) && key[VERIFIER].verify(message, signature),
    verifySignatures,
    importSigningKey(seed) {
      checkLength('A signing key (seed)', seed)
      return backend.signingKey(seed)
    },
  }
}

/** Verdicts on those signatures that were acceptable, among all. */
function inTheirPlaces(verdicts: readonly boolean[], areAcceptable: readonly boolean[]): boolean[] {
  const rest = verdicts.values()
  return areAcceptable.map((isOne) => isOne && rest.next().value === true)
}

function checkPublicKey(bytes: Uint8Array): void {
  checkLength('A public key', bytes)
  if (isSmallOrder(bytes)) {
    throw new FederationError('invalid_key', 'This public key is a point of small order, which protects nothing')
  }
  if (!isCanonicalY(bytes)) {
    throw new FederationError(
      'invalid_key',
      'This public key is not in its canonical form: its y is not below 2^255-19',
    )
  }
}

function checkLength(what: string, bytes: Uint8Array): void {
  if (bytes.length !== KEY_BYTES) {
    throw new FederationError('invalid_key', `${what} has ${KEY_BYTES} bytes, this one has ${bytes.length}`)
  }
}

/** What the strict verdict asks of a signature before the equation. */
function isAcceptable(signature: Uint8Array): boolean {
  return (
    signature.length === SIGNATURE_BYTES &&
    isBelowGroupOrder(signature.subarray(KEY_BYTES)) &&
    !isSmallOrder(signature.subarray(0, KEY_BYTES))
  )
}
