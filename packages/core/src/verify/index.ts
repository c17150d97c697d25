export type { Verdict, VerdictReason } from './verdict.ts'
export { createVerifier, type EncodedObject, type Received, type Verifier } from './verifier.ts'
