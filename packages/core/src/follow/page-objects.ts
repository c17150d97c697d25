import { reasonOf } from '../errors.ts'
import type { EntryBody, EntryHeader } from '../log/index.ts'
import type { CatalogStore, StoredObject } from '../store/index.ts'
import type { EncodedObject, Verdict, VerdictReason, Verifier } from '../verify/index.ts'
import { type ObjectKey, ObjectMap } from './object-map.ts'
import { readReceivedObject, storedObjectOf } from './received-object.ts'

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

/** What signatures are checked with. */
export interface SignatureOptions {
  readonly verifier: Pick<Verifier, 'verifyAll'>
}

/** An object that came with a page, as far as its signatures are concerned. */
export interface SignedEntry {
  readonly header: EntryHeader
  /** What its signatures are checked with. */
  readonly signed: EncodedObject
}

/** What is kept of an object that came with a page. */
export interface KeptObject extends SignedEntry {
  readonly stored: StoredObject
}

/** An entry, of which only matters what it says of its object. */
type AboutObject = Pick<EntryHeader, 'seq' | 'kind' | 'id' | 'revision'>

/**
 * Checks the form of an object that came with a page (PROTOCOL section 6.1).
 *
 * @param arrivedTs - when it came, POSIX milliseconds.
 */
export function readObject(header: EntryHeader, body: EntryBody, arrivedTs: number): KeptObject | ObjectFault {
  try {
    const encoded = { bytes: body.bytes, contentHash: header.body!.sha256 }
    const object = readReceivedObject(header.kind, body.json, encoded)
    const stored = storedObjectOf(object, { seq: header.seq, arrivedTs })
    return { header, stored, signed: withoutMetadata(body) }
  } catch (error) {
    return { reason: 'malformed', message: `${nameOf(header)} is refused. ${reasonOf(error)}` }
  }
}

/** Metadata, which are nearly all of an object, are not looked into any more, and need not stay until all is verified. */
function withoutMetadata({ json, ...encoded }: EntryBody): EncodedObject {
  return { ...encoded, json: { ...json, metadata: {} } }
}

/**
 * What speaks against the revisions of a page: a lower one never replaces a higher one, and a log that says so
 * contradicts itself (PROTOCOL section 6.1).
 *
 * @param catalog - with what is held of this server; undefined when that is about to be replaced.
 */
export async function faultOfRevisions(
  serverName: string,
  entries: readonly AboutObject[],
  catalog: Pick<CatalogStore, 'versions'> | undefined,
): Promise<ObjectFault | undefined> {
  const revisions = catalog ? await heldRevisions(serverName, entries, catalog) : new ObjectMap<number>()
  for (const entry of entries) {
    const before = revisions.get(entry) ?? 0
    if (entry.revision < before) {
      const message = `${nameOf(entry)} has revision ${entry.revision}, after revision ${before}: its log goes back.`
      return { reason: 'wrong_sequence', message }
    }
    revisions.set(entry, entry.revision)
  }
  return undefined
}

/** The last revisions of the objects that a page is about. */
async function heldRevisions(
  serverName: string,
  entries: readonly AboutObject[],
  catalog: Pick<CatalogStore, 'versions'>,
): Promise<ObjectMap<number>> {
  const revisions = new ObjectMap<number>()
  for (const kind of ['series', 'chapter'] as const) {
    const ids = new Set(entries.flatMap((entry) => (entry.kind === kind ? entry.id : [])))
    if (ids.size === 0) continue
    for (const [id, { revision }] of await catalog.versions(serverName, kind, [...ids])) {
      revisions.set({ kind, id }, revision)
    }
  }
  return revisions
}

/** What speaks against the signatures of a page's objects (PROTOCOL section 6.1). */
export function faultOfSignatures(
  objects: readonly SignedEntry[],
  { verifier }: SignatureOptions,
): Promise<ObjectFault | undefined> {
  // No more of the page is held until its signatures are checked.
  const names = objects.map(({ header: { seq, kind, id } }) => ({ seq, kind, id }))
  return faultIn(names, verifier.verifyAll(objects.map(({ signed }) => signed)))
}

async function faultIn(
  names: readonly EntryName[],
  verifying: Promise<readonly Verdict[]>,
): Promise<ObjectFault | undefined> {
  for (const [index, { reason, message }] of (await verifying).entries()) {
    if (reason === 'authentic') continue
    return { reason, message: `${nameOf(names[index]!)} is refused. ${message}` }
  }
  return undefined
}

/** Which object an entry is about. */
export function objectKey({ kind, id }: ObjectKey): string {
  return `${kind} ${id}`
}

/** What the operator is told of an entry. */
type EntryName = Pick<EntryHeader, 'seq' | 'kind' | 'id'>

function nameOf({ seq, kind, id }: EntryName): string {
  return `Entry ${seq} (${kind} ${JSON.stringify(id)})`
}
