import type { FederationOptions } from '@manga-federation/core'
import { openSqliteStore } from './sqlite-store.ts'

/** The federation's file when the site names no other. */
const DEFAULT_DATABASE_PATH = 'manga-federation.db'

/** What the adapters take: the options of `createFederation`, where the store has a default. */
export interface MangaFederationOptions extends Omit<FederationOptions, 'store'> {
  /** Opens another store than the embedded one. Default is an SQLite file at `databasePath`. */
  readonly store?: FederationOptions['store']
  /** Where the embedded store keeps its file. Default is `manga-federation.db` in the working directory. */
  readonly databasePath?: string
}

/** Fills in the embedded store where a site gave no other. Opens nothing. */
export function withEmbeddedStore({
  databasePath = DEFAULT_DATABASE_PATH,
  ...options
}: MangaFederationOptions): FederationOptions {
  return { store: () => openSqliteStore({ path: databasePath }), ...options }
}
