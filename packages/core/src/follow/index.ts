export type { PageOutcome } from './apply-page.ts'
export { type CursorStore, cursorStore } from './cursor-store.ts'
export {
  createFollowing,
  type Following,
  type FollowingOptions,
  type FollowOptions,
  type FollowProgress,
  type UnfollowOptions,
} from './following.ts'
export { catalogPages } from './listing-pages.ts'
export { createListingPuller, type ListingPuller } from './listing-pull.ts'
export type { ForkEvidence, OriginRecord } from './origin-record.ts'
export { createOriginRecords, type OriginRecords } from './origin-records.ts'
export type { OriginState, OriginStatus } from './origin-state.ts'
export type { ReceiveOutcome } from './origin-worker.ts'
export type { FollowNotices } from './visit.ts'
