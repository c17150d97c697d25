import { FederationError } from '../errors.ts'
import type { Release, WorkLimits } from './work-limits.ts'

/** What one caller may still cause, and the refusal to answer with when that was nothing. */
export interface Allowance {
  /** @returns undefined when a request to this server is not allowed now. */
  take(serverName: string): Release | undefined
  /** @throws FederationError the last refusal, if there was one. */
  throwIfRefused(): void
}

/** The allowance of whoever can be answered, wholly or in part, without causing a request. */
export function allowanceOf(limits: WorkLimits, clientAddress: string): Allowance {
  let refusal: FederationError | undefined
  return {
    take(serverName) {
      try {
        return limits.take({ clientAddress, serverName })
      } catch (error) {
        if (!(error instanceof FederationError)) throw error
        refusal = error
        return undefined
      }
    },
    throwIfRefused() {
      if (refusal) throw refusal
    },
  }
}
