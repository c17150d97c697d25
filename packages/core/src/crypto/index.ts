import { backend } from '#backend'
import type { FinishSigning, SigningJob } from './backend.ts'
import { type Ed25519, ed25519On } from './ed25519.ts'

export type { FinishSigning, SignedText, SigningJob, SigningKey } from './backend.ts'
export type { PublicKey, SignatureCheck } from './ed25519.ts'
export { randomBytes } from './random.ts'

const ed25519 = ed25519On(backend)

/** See {@link Ed25519.importPublicKey}. */
export const importPublicKey: Ed25519['importPublicKey'] = ed25519.importPublicKey

/** See {@link Ed25519.verifySignature}. */
export const verifySignature: Ed25519['verifySignature'] = ed25519.verifySignature

/** See {@link Ed25519.verifySignatures}. */
export const verifySignatures: Ed25519['verifySignatures'] = ed25519.verifySignatures

/** See {@link Ed25519.importSigningKey}. */
export const importSigningKey: Ed25519['importSigningKey'] = ed25519.importSigningKey

/** Begins to sign texts on another core, where there is one and it is worth it. */
export const beginSigning: (job: SigningJob) => FinishSigning = (job) => backend.beginSigning(job)

/** SHA-256 (FIPS 180-4), 32 bytes. Text is hashed as UTF-8. */
export const sha256: (data: Uint8Array | string) => Uint8Array = backend.sha256
