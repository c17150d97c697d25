import type { BalancerStore } from './balancer-store.ts'
import type { CatalogStore } from './catalog-store.ts'
import type { FollowerStore } from './follower-store.ts'
import type { FollowingStore } from './following-store.ts'
import type { IdentityStore } from './identity-store.ts'
import type { LogStore } from './log-store.ts'
import type { NonceStore } from './nonce-store.ts'
import type { RemoteKeyStore } from './remote-key-store.ts'
import type { SharedStore } from './shared-store.ts'
import type { TransactionStore } from './transaction-store.ts'

/**
 * What the federation itself remembers. One interface, several implementations, one conformance suite
 * (`storeSuite` in `@manga-federation/testing`).
 *
 * Every method is atomic: after a crash at any moment the store holds a state that was true. Byte arrays that a
 * store returns belong to the caller; those it is given are not kept by reference beyond the call.
 */
export interface Store {
  readonly identity: IdentityStore
  readonly catalog: CatalogStore
  readonly remoteKeys: RemoteKeyStore
  readonly nonces: NonceStore
  /** The logs of catalogs, own and mirrored; `catalog.commit` writes them. */
  readonly log: LogStore
  /** Servers that this one follows. */
  readonly following: FollowingStore
  /** Servers that follow this one. */
  readonly followers: FollowerStore
  /** Servers that serve this one's catalog too. */
  readonly balancers: BalancerStore
  readonly transactions: TransactionStore
  /** Of a store that several processes use at a time; without it each of them does all background work. */
  readonly shared?: SharedStore | undefined
  /** Ends all use of the store. Calling it twice is fine. */
  close(): Promise<void>
}
