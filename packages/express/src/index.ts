export * from '@manga-federation/core'
export { keepRawBody } from './body.ts'
export {
  mangaFederation,
  type ExpressMiddleware,
  type MangaFederationMiddleware,
  type MangaFederationOptions,
} from './middleware.ts'
export type { ExpressRequest } from './request.ts'
