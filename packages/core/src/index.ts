export type {
  BalancerFault,
  BalancerFaultCode,
  LoadBalancerStatus,
  RegistrationPolicy,
  VolunteerStatus,
} from './balancers/index.ts'
export type * from './catalog/index.ts'
export { checkCatalogRecord } from './catalog/index.ts'
export * from './crypto/index.ts'
export { boundedCache, type Cache } from './cache/index.ts'
export type { Environment } from './environment.ts'
export { FEDERATION_ERROR_CODES, FederationError, type FederationErrorCode, reasonOf } from './errors.ts'
export { createFederation } from './federation.ts'
export type { Federation } from './federation-interface.ts'
export type { FollowProgress, ForkEvidence, OriginState, OriginStatus } from './follow/index.ts'
export { readRequestBody, unreachableAt } from './http/index.ts'
export type {
  FederationRequest,
  FederationResponse,
  JsonSchema,
  MountedRoute,
  Route,
  RouteDocumentation,
} from './http/index.ts'
export * from './json/index.ts'
export { consoleLogger, type Logger } from './logger.ts'
export type * from './mirrored/index.ts'
export { environment, type FederationOptions } from './options.ts'
export type { FollowerStatus } from './push/index.ts'
export * from './store/index.ts'
export type { MetricsRegistry, Tracer } from './telemetry/index.ts'
export type { Verdict, VerdictReason } from './verify/index.ts'
