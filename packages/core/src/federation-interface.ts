import type { LoadBalancerStatus, VolunteerStatus } from './balancers/index.ts'
import type { Catalog } from './catalog/index.ts'
import type { FollowProgress, OriginStatus } from './follow/index.ts'
import type { Dispatcher, MountedRoute } from './http/index.ts'
import type { JsonValue } from './json/index.ts'
import type { MirroredCatalog, RepublishRule } from './mirrored/index.ts'
import type { FollowerStatus } from './push/index.ts'
import type { Verdict } from './verify/index.ts'

/** One server of the Federated Manga network. */
export interface Federation {
  readonly serverName: string
  /** All routes with their place on this site, for adapters and documentation. */
  readonly routes: readonly MountedRoute<never>[]
  /** The site's own catalog, and what is mirrored of others. */
  readonly catalog: Catalog & MirroredCatalog
  /** This server's own keys. */
  readonly keys: {
    /**
     * Makes a new key. The old one signs along for `overlapMs` and is old afterwards.
     *
     * @param how.overlapMs - default is 7 days, as long as others may hold a document without the new key.
     */
    rotate(how?: { readonly overlapMs?: number }): Promise<void>
    /** The identity as a short text that can be printed and given as the option `identity`. It is a secret. */
    exportIdentity(): Promise<string>
  }
  /**
   * The verdict on a series, a chapter, a mirrored one or a key document: whether it is what its origin signed, and on
   * whose word. Asks the origin for its keys where needed, and witnesses when the origin cannot be reached.
   *
   * @param received - raw bytes as they came, or what `parseStrict` made of them.
   */
  verify(received: Uint8Array | JsonValue): Promise<Verdict>
  /** The verdicts on many, in their order, on all cores. */
  verifyAll(received: readonly (Uint8Array | JsonValue)[]): Promise<Verdict[]>
  /**
   * Mirrors the catalog of another server from now on, and keeps it up to date. One that cannot be reached is
   * remembered and tried on. Calling it again changes the rule, or takes up a new log on the operator's word.
   *
   * @param nameOrDomain - a server name such as `https://manga.example.com/v1`, or a domain: `manga.example.com`.
   * @param how.republish - whether its objects also appear in this server's own catalog: `true`, `false`, or a function
   *   that chooses. A function has to be given with each start. Default is what was said before, at first `false`.
   * @param how.acceptNewLog - follows the log that it shows now, whatever it signed before. Default is false.
   * @throws FederationError `invalid_server_name`, `invalid_parameter`; for a domain, what the look-up throws.
   */
  follow(
    nameOrDomain: string,
    how?: { readonly republish?: RepublishRule; readonly acceptNewLog?: boolean },
  ): Promise<OriginStatus>
  /**
   * Ends mirroring a server.
   *
   * @param how.forget - whether what is held of its catalog is removed too. Default is false.
   */
  unfollow(serverName: string, how?: { readonly forget?: boolean }): Promise<void>
  /**
   * Looks at once what a followed server has, without waiting for the next time.
   *
   * @param how.confirmRemoval - the operator's word that what its listings do not show any more is gone.
   * @throws FederationError `invalid_parameter` when it is not followed.
   */
  check(serverName: string, how?: { readonly confirmRemoval?: boolean }): Promise<OriginStatus>
  /** The servers that this one follows, each with its state, size, lag and last error in words. */
  following(): Promise<OriginStatus[]>
  /** The servers that follow this one, each with how far it is and its last error in words. */
  followers(): Promise<FollowerStatus[]>
  /** Servers that serve this one's catalog too, or offer to. See `docs/volunteers.md`. */
  readonly loadBalancers: {
    /** All that are known, each with its state in words. */
    list(): Promise<LoadBalancerStatus[]>
    /**
     * The operator's word that a server which registered may become a load balancer.
     *
     * @throws FederationError `not_registered`; `too_many_load_balancers` beyond 64.
     */
    approve(serverName: string): Promise<LoadBalancerStatus>
    /**
     * The operator's word that a server may not be one, until it is approved.
     *
     * @throws FederationError `not_registered`.
     */
    refuse(serverName: string): Promise<LoadBalancerStatus>
  }
  /**
   * Mirrors another server's catalog, registers as its load balancer once all of it is held, and keeps that up.
   *
   * @param nameOrDomain - as for `follow`.
   * @throws FederationError as `follow` does; `invalid_option` where the option `reachable` is false.
   */
  volunteer(nameOrDomain: string): Promise<VolunteerStatus>
  /** Ends being a load balancer of that server; its catalog stays mirrored until `unfollow`. */
  stopVolunteering(serverName: string): Promise<void>
  /** The servers whose load balancer this one is or wants to be, each with why it is not `success` and what to do. */
  volunteering(): Promise<VolunteerStatus[]>
  /**
   * A link to this site with its key's fingerprint and two of its load balancers: whoever has it can read and verify the
   * catalog even when this site is gone. Share it instead of the bare address. See `docs/readers.md`.
   */
  link(): Promise<string>
  /**
   * Tells how far mirroring has come, for a progress bar.
   *
   * @returns a function that ends it.
   */
  onProgress(listener: (progress: FollowProgress) => void): () => void
  /** Whether a request with this raw target is the federation's. Costs next to nothing. */
  owns(target: string): boolean
  /** Answers a request; undefined when it is not the federation's. Never rejects. Starts the federation if needed. */
  handle: Dispatcher
  /**
   * Opens the store, loads or makes the keys, and begins to publish. Resolves when the catalog is published, or
   * after 5 s while publishing goes on. Calling it again waits for the same start; after a failed one it tries anew.
   *
   * @throws FederationError `identity_mismatch`, `store_unavailable`, `store_damaged`.
   */
  start(): Promise<void>
  /** Ends answers that stay open, such as server-sent events: a site that closes waits for every answer otherwise. */
  endStreams(): void
  /** Ends background work and closes the store. Calling it twice is fine. */
  close(): Promise<void>
}
