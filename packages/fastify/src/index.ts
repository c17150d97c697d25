export * from '@manga-federation/core'
export { mangaFederation, type MangaFederationOptions } from './plugin.ts'
