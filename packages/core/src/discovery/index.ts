export { publishDocuments, type PublishedDocuments, type Software } from './published.ts'
export { discoveryRoutes } from './routes.ts'
