export type { Verdict, VerdictReason } from './verdict.ts'
export { createVerifier, type EncodedObject, type Received, type Verifier, type VerifyingTogether } from './verifier.ts'
