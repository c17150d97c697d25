export { createDiscovery, type Discovery, type DiscoveryOptions, type KnownServers } from './look-up.ts'
export { publishDocuments, type PublishedDocuments, type Software } from './published.ts'
export { discoveryRoutes } from './routes.ts'
export type { ServerList } from './server-list.ts'
