export type * from './contract.ts'
export { createDispatcher } from './dispatcher.ts'
export { createMatcher, type Match, type MountedRoute, mountRoutes } from './matcher.ts'
export { integerParameter, textParameter } from './parameters.ts'
export {
  CATALOG_CACHE_CONTROL,
  hasVersion,
  notModified,
  readHeaders,
  type ReadyDocument,
  readyDocument,
  serveDocument,
} from './responses.ts'
