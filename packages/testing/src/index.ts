export type { TestFunction } from './case.ts'
export { repositorySuite, type RepositorySuiteOptions } from './repository/repository-suite.ts'
export { storeSuite, type StoreSuiteOptions } from './store/store-suite.ts'
