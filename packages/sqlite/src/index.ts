export { type MangaFederationOptions, withEmbeddedStore } from './embedded-store.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
