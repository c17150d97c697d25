import type { CatalogStore } from './catalog-store.ts'
import type { IdentityStore } from './identity-store.ts'
import type { NonceStore } from './nonce-store.ts'
import type { RemoteKeyStore } from './remote-key-store.ts'

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
  /** Ends all use of the store. Calling it twice is fine. */
  close(): Promise<void>
}
