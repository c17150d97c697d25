import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { type EntryHeader, makeEntry } from '../log/index.ts'
import type { CatalogStore, ObjectKind, StoredEntry } from '../store/index.ts'
import type { OriginChanges } from './origin-records.ts'
import { type ReceivedObject, storedObjectOf } from './received-object.ts'

/** What a part of a listing changes. */
export interface ListingChange {
  readonly puts: readonly ReceivedObject[]
  readonly deletes: readonly { readonly kind: ObjectKind; readonly id: string; readonly revision: number }[]
}

/** Stores changes of a catalog, in one transaction. */
export interface ListingStorage {
  readonly catalog: Pick<CatalogStore, 'state'>
  readonly environment: Environment
  /** @returns false when another writer was faster, or the server is not followed any more. */
  readonly commit: (changes: OriginChanges) => Promise<boolean>
}

/**
 * Stores changes of a mirrored catalog whose server keeps no log.
 *
 * Beside them stand entries that this server makes for itself, so that whoever consumes mirrored objects learns of each
 * change, deletions included, as with other origins. They are not signed and there is never a head over them, so they
 * are not served.
 *
 * @throws FederationError `store_conflict` when the origin is not followed any more, or another process was faster.
 */
export async function storeListingChange(
  { catalog, environment, commit }: ListingStorage,
  serverName: string,
  { puts, deletes }: ListingChange,
): Promise<void> {
  const { size } = await catalog.state(serverName)
  const ts = environment.now()
  const headers = [...puts.map(headerOfPut), ...deletes.map(headerOfDelete)]
  const stored = await commit({
    expectedSize: size,
    puts: puts.map((object, index) => storedObjectOf(object, { seq: size + index, arrivedTs: ts })),
    deletes: deletes.map(({ kind, id }) => ({ kind, id })),
    changedTs: ts,
    log: {
      entries: headers.map((header, index) => entryOf({ ...header, serverName, seq: size + index, ts })),
      head: undefined,
      withheld: [],
    },
  })
  if (stored) return
  throw new FederationError(
    'store_conflict',
    `${serverName} is not followed any more, or another process follows it with the same store.`,
  )
}

type ChangeHeader = Omit<EntryHeader, 'serverName' | 'seq' | 'ts'>

function headerOfPut({ kind, id, revision, bytes, contentHash }: ReceivedObject): ChangeHeader {
  return { op: 'put', kind, id, revision: revision ?? 1, body: { sha256: contentHash, size: bytes.byteLength } }
}

function headerOfDelete({ kind, id, revision }: ListingChange['deletes'][number]): ChangeHeader {
  // Revisions of entries begin at 1; objects without one are stored under 0.
  return { op: 'delete', kind, id, revision: Math.max(1, revision), body: undefined }
}

function entryOf(header: EntryHeader): StoredEntry {
  // Without a head there are no proofs, and so no hashes to make them of.
  return { kind: header.kind, id: header.id, bytes: makeEntry(header).bytes, nodes: new Uint8Array() }
}
