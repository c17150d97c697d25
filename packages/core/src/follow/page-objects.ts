import { reasonOf } from '../errors.ts'
import type { EntryBody, EntryHeader, VerifiedEntry } from '../log/index.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import type { VerdictReason, Verifier } from '../verify/index.ts'
import { type ReceivedObject, readReceivedObject } from './received-object.ts'

/** Why the objects of a page are not accepted, though its log is. */
export type ObjectFaultReason =
  /** The log goes back to a lower revision of an object. */
  | 'wrong_sequence'
  /** An object is not what its server signed; `malformed`: it is no object of the kind that its header names. */
  | Exclude<VerdictReason, 'authentic'>

/** Why the objects of a page are refused. */
export interface ObjectFault {
  readonly reason: ObjectFaultReason
  /** The reason in words, for the operator. */
  readonly message: string
}

/** The objects of a page, by the number of their entry. */
export type PageObjects = ReadonlyMap<number, ReceivedObject>

/** An entry whose body came along. */
export type EntryWithBody = VerifiedEntry & { readonly body: EntryBody }

/** The entries of a page whose bodies came along. */
export function entriesWithBodies(entries: readonly VerifiedEntry[]): EntryWithBody[] {
  return entries.filter((entry): entry is EntryWithBody => entry.body !== undefined)
}

/** Checks the form of the objects of a verified page (PROTOCOL section 6.1). */
export function readObjects(entries: readonly EntryWithBody[]): PageObjects | ObjectFault {
  const objects = new Map<number, ReceivedObject>()
  for (const { header, body } of entries) {
    try {
      const encoded = { bytes: body.bytes, contentHash: header.body!.sha256 }
      objects.set(header.seq, readReceivedObject(header.kind, body.json, encoded))
    } catch (error) {
      return { reason: 'malformed', message: `${nameOf(header)} is refused. ${reasonOf(error)}` }
    }
  }
  return objects
}

/**
 * What speaks against the revisions of a page: a lower one never replaces a higher one, and a log that says so
 * contradicts itself (PROTOCOL section 6.1).
 *
 * @param catalog - with what is held of this server; undefined when that is about to be replaced.
 */
export async function faultOfRevisions(
  serverName: string,
  entries: readonly VerifiedEntry[],
  catalog: Pick<CatalogStore, 'versions'> | undefined,
): Promise<ObjectFault | undefined> {
  const revisions = catalog ? await heldRevisions(serverName, entries, catalog) : new Map<string, number>()
  for (const { header } of entries) {
    const before = revisions.get(objectKey(header)) ?? 0
    if (header.revision < before) {
      const message = `${nameOf(header)} has revision ${header.revision}, after revision ${before}: its log goes back.`
      return { reason: 'wrong_sequence', message }
    }
    revisions.set(objectKey(header), header.revision)
  }
  return undefined
}

/** The last revisions of the objects that a page is about. */
async function heldRevisions(
  serverName: string,
  entries: readonly VerifiedEntry[],
  catalog: Pick<CatalogStore, 'versions'>,
): Promise<Map<string, number>> {
  const revisions = new Map<string, number>()
  for (const kind of ['series', 'chapter'] as const) {
    const ids = [...new Set(entries.filter(({ header }) => header.kind === kind).map(({ header }) => header.id))]
    if (ids.length === 0) continue
    for (const [id, { revision }] of await catalog.versions(serverName, kind, ids)) {
      revisions.set(objectKey({ kind, id }), revision)
    }
  }
  return revisions
}

/** What speaks against the signatures of a page's objects (PROTOCOL section 6.1). */
export async function faultOfSignatures(
  entries: readonly EntryWithBody[],
  verifier: Pick<Verifier, 'verifyAll'>,
): Promise<ObjectFault | undefined> {
  const verdicts = await verifier.verifyAll(entries.map(({ body }) => body))
  for (const [index, { reason, message }] of verdicts.entries()) {
    if (reason === 'authentic') continue
    return { reason, message: `${nameOf(entries[index]!.header)} is refused. ${message}` }
  }
  return undefined
}

/** Which object an entry is about. */
export function objectKey({ kind, id }: { readonly kind: ObjectKind; readonly id: string }): string {
  return `${kind} ${id}`
}

function nameOf({ seq, kind, id }: EntryHeader): string {
  return `Entry ${seq} (${kind} ${JSON.stringify(id)})`
}
