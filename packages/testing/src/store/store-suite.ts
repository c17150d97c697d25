import type { ObjectKind, Store } from '@manga-federation/core'
import { registerCases, type Case, type TestFunction } from '../case.ts'
import { balancerCases } from './balancer-cases.ts'
import { commitCases } from './commit-cases.ts'
import { concurrencyCases } from './concurrency-cases.ts'
import { followerCases } from './follower-cases.ts'
import { followingCases } from './following-cases.ts'
import { forgetCases } from './forget-cases.ts'
import { identityCases } from './identity-cases.ts'
import { keyReplacementCases } from './key-replacement-cases.ts'
import { listingCases } from './listing-cases.ts'
import { logCases } from './log-cases.ts'
import { markCases } from './mark-cases.ts'
import { nonceCases } from './nonce-cases.ts'
import { pagingCases } from './paging-cases.ts'
import { persistenceCases } from './persistence-cases.ts'
import { remoteKeyCases } from './remote-key-cases.ts'
import { remoteKeyLawCases } from './remote-key-law-cases.ts'
import { remoteKeyTrimCases } from './remote-key-trim-cases.ts'
import { transactionCases } from './transaction-cases.ts'
import { withheldCases } from './withheld-cases.ts'

/** What `storeSuite` needs to know of a store. */
export interface StoreSuiteOptions {
  /** The test function of your test runner. */
  readonly test: TestFunction
  /** Opens a store with nothing in it, apart from every other that it opened. The suite closes it. */
  readonly open: () => Promise<Store>
  /**
   * Opens the data of a store that `open` returned once more, as another process would, whether that store is still
   * open or was closed. Leave it out when the store forgets everything with the process.
   */
  readonly reopen?: (store: Store) => Promise<Store>
  /**
   * Reads the bytes of an object from the database by a second path, past the store: a round trip through the store
   * alone cannot tell that something reached the database.
   */
  readonly rawObject?: (store: Store, origin: string, kind: ObjectKind, id: string) => Promise<Uint8Array | undefined>
}

/**
 * Shows whether a `Store` keeps what its interface promises: one test a promise, registered with the caller's test
 * function.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * storeSuite({ test, open: () => openMyStore(newDatabase()) })
 * ```
 */
export function storeSuite({ test, open, reopen, rawObject }: StoreSuiteOptions): void {
  const onFreshStore: Case<() => Promise<Store>>[] = [
    ...identityCases,
    ...keyReplacementCases,
    ...remoteKeyCases,
    ...remoteKeyLawCases,
    ...remoteKeyTrimCases,
    ...nonceCases,
    ...commitCases,
    ...listingCases,
    ...pagingCases,
    ...markCases,
    ...logCases,
    ...withheldCases,
    ...forgetCases,
    ...followingCases,
    ...followerCases,
    ...balancerCases,
    ...transactionCases,
    ...concurrencyCases(reopen),
    ...persistenceCases(reopen, rawObject),
  ].map(({ name, skip, run }) => ({
    name,
    skip,
    run: async (openFresh) => {
      const store = await openFresh()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    },
  }))
  registerCases(test, onFreshStore, open)
}
