export type { Verdict, VerdictReason } from './verdict.ts'
export { createVerifier, type Verifier } from './verifier.ts'
