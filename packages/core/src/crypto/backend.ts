/** An Ed25519 public key as a backend holds it, ready to verify with. */
export interface Verifier {
  /**
   * Whether the equation without cofactor holds: encode(S·B − k·A) is R, byte for byte (RFC 8032, section 5.1.7).
   * The rules that backends differ in are checked before, in `ed25519.ts`.
   *
   * @param signature - 64 bytes.
   */
  verify(message: Uint8Array, signature: Uint8Array): boolean
  /** The same, without holding up the thread that asks for longer than one verification. */
  verifyInBackground(message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** An Ed25519 key that signs. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The signature of `message` (RFC 8032), 64 bytes. The same message always gets the same one. */
  readonly sign: (message: Uint8Array) => Uint8Array
  /** The same; many that are asked for in one turn are signed on another core where there is one. */
  readonly signInBackground: (message: Uint8Array) => Promise<Uint8Array>
}

/** What differs between Node and elsewhere. Chosen by the import `#backend`, see `package.json`. */
export interface Backend {
  /** How many verifications in the background keep all cores busy. */
  readonly parallelVerifications: number
  /** @param publicKey - 32 bytes. A copy is taken where they are kept. */
  verifier(publicKey: Uint8Array): Verifier
  /** @param seed - 32 bytes. A copy is taken where they are kept. */
  signingKey(seed: Uint8Array): SigningKey
  /** Text is hashed as UTF-8. */
  readonly sha256: (data: Uint8Array | string) => Uint8Array
}
