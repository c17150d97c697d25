import type { ObjectKind } from './catalog-store.ts'

/** An entry of a catalog's log, as it is stored. */
export interface StoredEntry {
  /** Whose change it tells of. */
  readonly kind: ObjectKind
  readonly id: string
  /** Its header, canonical: the leaf's data, served as it is. */
  readonly bytes: Uint8Array
  /** The hashes of the subtrees that it completed, the leaf's own first, 32 bytes each, one after the other. */
  readonly nodes: Uint8Array
}

/** What a commit adds to the log of its catalog. */
export interface LogCommit {
  /** From `expectedSize` on, in order. */
  readonly entries: readonly StoredEntry[]
  /** The signed head over all entries that are held then, canonical; undefined while a follower still lacks some. */
  readonly head: Uint8Array | undefined
  /** Entries of which the origin left out the body, so that the object's present version is not known yet. */
  readonly withheld: readonly WithheldBody[]
}

/** An object whose present version is missing, since its body was left out. */
export interface WithheldBody {
  readonly kind: ObjectKind
  readonly id: string
  /** The entry that tells of it. */
  readonly seq: number
}

/** An entry with its object, as a page of the log brings them. */
export interface LoggedEntry {
  /** Its header, canonical. */
  readonly bytes: Uint8Array
  /** The signed object, canonical, while it is current; undefined when it was replaced or deleted since. */
  readonly body: Uint8Array | undefined
}

/** Entries that follow each other, with the head that they belong to, all of one moment. */
export interface StoredLogPage {
  /** The newest head all of whose entries are held; undefined when there is none. */
  readonly head: Uint8Array | undefined
  readonly entries: readonly LoggedEntry[]
  /** The same as it is served, where the store put it together anyway: nobody needs to do it again. */
  readonly joined?: JoinedEntries | undefined
}

/** Entries as they stand in a page of the log (PROTOCOL section 9). */
export interface JoinedEntries {
  /** The headers, with a comma between each two. */
  readonly headers: Uint8Array
  /** The bodies, each behind its entry's number as a key, with a comma between each two: `"12":{…},"14":{…}`. */
  readonly bodies: Uint8Array
}

/** Keeps the logs of catalogs, which `CatalogStore.commit` writes together with their objects. */
export interface LogStore {
  /** The newest head all of whose entries are held, or undefined. */
  head(origin: string): Promise<Uint8Array | undefined>
  /**
   * Replaces the head by one over the same entries, signed anew.
   *
   * @returns false when the log is not of this size any more, and nothing was stored.
   */
  replaceHead(origin: string, size: number, head: Uint8Array): Promise<boolean>
  /**
   * Entries in order with the bodies that are current, read in one transaction with the head.
   *
   * @param page.since - the first entry's number, from 0 on.
   * @param page.limit - at most this many, 1 to 256.
   * @param page.maxBytes - headers and bodies together, but one entry is returned however large it is.
   */
  page(
    origin: string,
    page: { readonly since: number; readonly limit: number; readonly maxBytes: number },
  ): Promise<StoredLogPage>
  /**
   * Hashes of complete subtrees, in the order asked for, at most 105: the one at (level, index) stands at place
   * `level` of the `nodes` of entry (index + 1) × 2^level − 1.
   *
   * @throws FederationError `store_damaged` when one is missing.
   */
  nodes(
    origin: string,
    positions: readonly { readonly level: number; readonly index: number }[],
  ): Promise<readonly Uint8Array[]>
  /** Objects whose body is still missing, by `seq`, at most `limit`. A later put or delete of the object ends it. */
  withheld(origin: string, limit: number): Promise<WithheldBody[]>
}
