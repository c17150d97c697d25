export { readRequestBody } from './body.ts'
export type * from './contract.ts'
export { createDispatcher, type Dispatcher } from './dispatcher.ts'
export { ERROR_SCHEMA } from './error-schema.ts'
export { createMatcher, type Match, type MountedRoute, mountRoutes } from './matcher.ts'
export { unreachableAt } from './mount-prefix.ts'
export { createOpenStreams, type OpenStreams } from './open-streams.ts'
export { integerParameter, textParameter } from './parameters.ts'
export {
  CATALOG_CACHE_CONTROL,
  eventStreamResponse,
  hasVersion,
  jsonResponse,
  notModified,
  readHeaders,
  type ReadyDocument,
  readyDocument,
  serveDocument,
} from './responses.ts'
