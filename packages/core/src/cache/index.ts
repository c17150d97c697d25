export { boundedCache } from '#cache'
export { type BestEffortCache, bestEffortCache, type BestEffortCacheOptions, type Cache } from './cache.ts'
