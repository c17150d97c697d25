export type { PostgresClient, PostgresPool, PostgresQuery } from './postgres-pool.ts'
export { openPostgresStore, type PostgresStore, type PostgresStoreOptions } from './postgres-store.ts'
