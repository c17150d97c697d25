/** An Ed25519 public key as a backend holds it, ready to verify with. */
export interface Verifier {
  /**
   * Whether the equation without cofactor holds: encode(S·B − k·A) is R, byte for byte (RFC 8032, section 5.1.7).
   * The rules that backends differ in are checked before, in `ed25519.ts`.
   *
   * @param signature - 64 bytes.
   */
  verify(message: Uint8Array, signature: Uint8Array): boolean
}

/** What is asked of a verifier together with others. */
export interface Verification {
  readonly verifier: Verifier
  readonly message: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** An Ed25519 key that signs. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The signature of `message` (RFC 8032), 64 bytes. The same message always gets the same one. */
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** A text with its signatures. */
export interface SignedText {
  /** UTF-8. */
  readonly bytes: Uint8Array
  /** Their SHA-256. */
  readonly sha256: Uint8Array
}

/**
 * Texts to be signed that end alike. What is signed is the text and the ending, as UTF-8; what comes out is the text,
 * then for each signer its `opening` and its signature in base64 without padding, then `closing` and the ending.
 */
export interface SigningJob {
  /** At least one. */
  readonly signers: readonly { readonly opening: string; readonly key: SigningKey }[]
  readonly closing: string
  /** Each of them whole Unicode. */
  readonly texts: readonly string[]
  readonly ending: string
  /** Does all that for one text, on the thread that calls it. */
  readonly signHere: (text: string) => SignedText
}

/** Waits for a job. What nobody has begun by then is signed by the thread that waits. Does not reject unless `signHere` throws. */
export type FinishSigning = () => Promise<SignedText[]>

/** What differs between Node and elsewhere. Chosen by the import `#backend`, see `package.json`. */
export interface Backend {
  /** @param publicKey - 32 bytes. A copy is taken where they are kept. */
  verifier(publicKey: Uint8Array): Verifier
  /**
   * What the verifiers would say, on all cores where there are several, and without holding up the thread that asks.
   *
   * @param verifications - by verifiers of this backend.
   */
  verifyTogether(verifications: readonly Verification[]): Promise<boolean[]>
  /** @param seed - 32 bytes. A copy is taken where they are kept. */
  signingKey(seed: Uint8Array): SigningKey
  /** Begins to sign on another core, where there is one and it is worth it. */
  beginSigning(job: SigningJob): FinishSigning
  /** Text is hashed as UTF-8. */
  readonly sha256: (data: Uint8Array | string) => Uint8Array
}
