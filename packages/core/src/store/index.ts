export type * from './catalog-store.ts'
export type * from './identity-store.ts'
export { memoryStore } from './memory-store.ts'
export type { Store } from './store.ts'
