export type { CommitListener } from './commit-notices.ts'
export type { PostgresClient, PostgresPool, PostgresQuery } from './postgres-pool.ts'
export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from './postgres-store.ts'
export type { WorkStore } from './work-table.ts'
