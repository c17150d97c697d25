export * from '@manga-federation/core'
export { mangaFederation, type MangaFederationMiddleware, type MangaFederationOptions } from './middleware.ts'
