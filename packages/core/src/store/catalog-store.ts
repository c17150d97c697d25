import type { LogCommit } from './log-store.ts'

/** What kinds of objects a catalog has. */
export type ObjectKind = 'series' | 'chapter'

/** The current version of one catalog object, signed. */
export interface StoredObject {
  readonly kind: ObjectKind
  /** Unique among objects of its kind from its origin. */
  readonly id: string
  /** The series that a chapter belongs to; undefined on series. */
  readonly seriesId: string | undefined
  /** Rises with each change of that id. */
  readonly revision: number
  /** When it last changed, POSIX milliseconds. */
  readonly updatedTs: number
  /** SHA-256 of what the site said (not of what was signed): tells whether a record differs. 32 bytes. */
  readonly contentHash: Uint8Array
  /** Locale tags in lower case, each between bars: `|en|pt-br|`. For the `locale` filter. */
  readonly locales: string
  /** Titles as `normalizeForSearch` leaves them, one a line. For the `q` filter. */
  readonly searchText: string
  /** Canonical bytes of the signed object, as they are served. */
  readonly bytes: Uint8Array
  /** The entry of the log whose body this is; undefined in catalogs without a log. */
  readonly seq: number | undefined
  /** The server whose object this one republishes; undefined for an object of the catalog's own. */
  readonly mirrorOf: string | undefined
}

/** What the publisher needs to know of an id to tell whether a record differs, and which revision comes next. */
export interface KnownVersion {
  /** The last one; kept when the object is deleted, so that the id's next revision is higher when it comes back. */
  readonly revision: number
  /** That of the current object; undefined when the object is deleted. */
  readonly contentHash: Uint8Array | undefined
}

/** How far an origin's catalog has come. */
export interface CatalogState {
  /**
   * The size of its log; where it has none, the number of changes ever made. Rises by one with each entry, or with each
   * object put or deleted, and never falls.
   */
  readonly size: number
  /** When the last change was stored, POSIX milliseconds; 0 before the first. */
  readonly changedTs: number
}

/** Changes that become visible together. */
export interface CatalogCommit {
  /** The `size` that the changes were made against. */
  readonly expectedSize: number
  readonly puts: readonly StoredObject[]
  readonly deletes: readonly { readonly kind: ObjectKind; readonly id: string }[]
  /** POSIX milliseconds. */
  readonly changedTs: number
  /** What the log gains; undefined in catalogs without a log. */
  readonly log?: LogCommit | undefined
  /**
   * What the follower of this origin remembers, as `FollowingStore` keeps it; undefined leaves it. Nothing is stored,
   * and the commit returns undefined, unless it is `from` until then: another process may have changed it, or ended
   * following.
   */
  readonly following?: { readonly from: Uint8Array; readonly to: Uint8Array } | undefined
}

/** Which objects to list. All conditions hold together. */
export interface CatalogQuery {
  /** Canonical server name of the origin. */
  readonly origin: string
  readonly kind: ObjectKind
  /** Only chapters of this series. */
  readonly seriesId?: string | undefined
  /** Only ids after this one, in the order of Unicode code points. */
  readonly afterId?: string | undefined
  /** Only objects with `updatedTs` at or after this, POSIX milliseconds. */
  readonly sinceTs?: number | undefined
  /** Only objects with this locale (`pt`) or a longer one (`pt-br`): lower case, without bars. */
  readonly locale?: string | undefined
  /** Only objects whose `searchText` contains this text, as `normalizeForSearch` leaves it. */
  readonly search?: string | undefined
  /** At most this many, 1 to 1,000. */
  readonly limit: number
}

/** Keeps the current objects of catalogs, each under the server that it comes from. */
export interface CatalogStore {
  /** How far the catalog of `origin` has come; size 0 when nothing is known of it. */
  state(origin: string): Promise<CatalogState>
  /** The last versions of those of `ids` that exist or once existed, by id. At most 1,000 ids. */
  versions(origin: string, kind: ObjectKind, ids: readonly string[]): Promise<Map<string, KnownVersion>>
  /** The signed bytes of one object, or undefined. */
  get(origin: string, kind: ObjectKind, id: string): Promise<Uint8Array | undefined>
  /** One page, ordered by id in the order of Unicode code points. Cost does not depend on how deep the page lies. */
  list(query: CatalogQuery): Promise<{ id: string; bytes: Uint8Array }[]>
  /** How many objects of this kind the catalog has now. */
  count(origin: string, kind: ObjectKind): Promise<number>
  /**
   * Applies changes in one transaction, if the catalog still has the expected size (compare-and-swap, so that two
   * processes can never fork it). A deleted id keeps its last revision, for `versions`.
   * Callers name no id twice. A commit that changes nothing but `log.head` or `following` is a commit too.
   *
   * @returns the new state, or undefined when another writer was faster and nothing was stored.
   */
  commit(origin: string, commit: CatalogCommit): Promise<CatalogState | undefined>
  /** Removes a catalog with its log and all that is known of it: its size is 0 again. */
  forget(origin: string): Promise<void>

  /**
   * Notes that a reconciling pass saw these ids. Marks live until `endPass` or until the store is
   * closed, and need not fit into memory.
   *
   * @param pass - a name of the caller's for this pass; passes do not see each other's marks.
   * @returns those of `ids` that this pass had marked before, and repeats within `ids`.
   */
  mark(pass: string, kind: ObjectKind, ids: readonly string[]): Promise<string[]>
  /** How many objects of the catalog's own (without `mirrorOf`) of this kind the pass did not mark. */
  countUnmarked(pass: string, origin: string, kind: ObjectKind): Promise<number>
  /** Ids of objects of the catalog's own that the pass did not mark, in order, from behind `afterId` on, at most `limit`. */
  listUnmarked(
    pass: string,
    origin: string,
    kind: ObjectKind,
    page: { readonly afterId: string | undefined; readonly limit: number },
  ): Promise<string[]>
  /** Forgets the marks of this pass. */
  endPass(pass: string): Promise<void>
}
