export { appendLeaves, type CompactRange, EMPTY_RANGE, type Growth, rootOf } from './compact-range.ts'
export { type BodyDigest, type EntryHeader, type LogEntry, makeEntry, MAX_HEADER_BYTES, readEntry } from './entry.ts'
export {
  HEAD_LIFETIME_MS,
  type HeadFacts,
  type HeadRefusalReason,
  type HeadTrust,
  type HeadVerdict,
  type LogHead,
  MAX_HEAD_BYTES,
  readHead,
  signHead,
  verifyHead,
} from './head.ts'
export { createLogReader, encodeLogPage, type LogPage, type LogPageRequest, type LogReader } from './log-reader.ts'
export { proveConsistency, proveInclusion, readRange, type ReadNodes } from './make-proofs.ts'
export { EMPTY_ROOT, HASH_BYTES, leafHash } from './merkle.ts'
export {
  openOwnLog,
  type OwnChange,
  type OwnDeletion,
  type OwnLog,
  type OwnLogOptions,
  type SignedObject,
} from './own-log.ts'
export type { EntryBody } from './page-bodies.ts'
export { MAX_PAGE_ENTRIES, type PageRefusalReason } from './page.ts'
export { pageOf, parsePage, type ReceivedPage } from './received-page.ts'
export { logRoutes, type LogServing, MAX_PAGE_BYTES } from './routes.ts'
export type { NodePosition } from './subtrees.ts'
export { type FollowedLog, type PageEntry, type PageVerdict, startFollowing, verifyPage } from './verify-page.ts'
export { type ConsistencyClaim, type InclusionClaim, verifyConsistency, verifyInclusion } from './verify-proofs.ts'
