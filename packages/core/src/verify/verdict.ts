import type { KeyEvidence } from '../keys/index.ts'

/** Why something is, or is not, believed. */
export type VerdictReason =
  /** It is what its server signed. */
  | 'authentic'
  /** It is not JSON as the protocol allows it, or lacks what every object has. */
  | 'malformed'
  /** No signature by a key of its server, nor by one that the operator pinned. */
  | 'unsigned'
  /** A signature does not fit: the object was altered, or signed by somebody else. */
  | 'bad_signature'
  /** The server has no such key. */
  | 'unknown_key'
  /** The key was not valid any more when the object was made. */
  | 'key_not_valid_then'
  /** The server cannot be reached, and too few witnesses know its keys. */
  | 'unreachable'
  /** Somebody tells another key than others told before. */
  | 'key_conflict'
  /** The object that it mirrors is not authentic. */
  | 'bad_origin'

/** What is thought of an object, a mirrored object or a key document, and on whose word. */
export interface Verdict {
  readonly authentic: boolean
  readonly reason: VerdictReason
  /** The reason in words, for people. */
  readonly message: string
  /** The server that it is of; undefined when it does not say. */
  readonly serverName: string | undefined
  /** When it says that it was made, POSIX milliseconds; the present where it does not say. */
  readonly madeTs: number | undefined
  /** The keys whose signatures are good and count, each with who told of it and when. */
  readonly evidence: readonly KeyEvidence[]
  /** What is thought of the object that it mirrors. */
  readonly origin?: Verdict
}

/** A refusal. */
export function refused(
  reason: Exclude<VerdictReason, 'authentic'>,
  message: string,
  about: { readonly serverName?: string | undefined; readonly madeTs?: number | undefined } = {},
): Verdict {
  return { authentic: false, reason, message, serverName: about.serverName, madeTs: about.madeTs, evidence: [] }
}
