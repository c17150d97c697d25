import { FederationError } from '../errors.ts'
import { encodeCanonical, isJsonObject, type JsonObject, type JsonValue, parseStrict } from '../json/index.ts'
import { type LogHead, readHead } from '../log/index.ts'

/** What follows an origin remembers of it. Kept as JSON in `store.following`, written by `OriginRecords` alone. */
export interface OriginRecord {
  readonly serverName: string
  /** Since when it is followed, POSIX milliseconds. */
  readonly followedTs: number
  /** By its log, or by its listings where it has none; undefined until it was reached for the first time. */
  readonly mode: 'log' | 'listing' | undefined
  /** Extensions that its version document lists (PROTOCOL section 4). */
  readonly features: readonly string[]
  /** Heads that it is held to, see `FollowedLog`. */
  readonly heads: readonly LogHead[]
  /** Its load balancers: asked when it cannot be reached. They can only relay what it signed. */
  readonly mirrors: readonly string[]
  /** Why it could not be asked the last times; undefined when it could. */
  readonly failure: OriginFailure | undefined
  /** Why the last thing that it showed was refused; undefined when that was accepted. */
  readonly refusal: OriginRefusal | undefined
  /** Proof that it keeps two logs: then it is followed no further until its operator's word. */
  readonly fork: ForkEvidence | undefined
  /** Whether the next page is the first one of a log that takes the place of all that is held. */
  readonly restart: boolean
  /** When all its listings were gone through the last time, to the hour, POSIX milliseconds; undefined before. */
  readonly listedTs: number | undefined
  /** Whether this server is, or still is and wants to be no more, a load balancer of that one. */
  readonly volunteer: 'no' | 'yes' | 'ending'
  /** How far the consumers of mirrored objects have come: theirs alone. */
  readonly mirrored: MirrorCursors
}

/** JSON of the mirrored room, which this one never looks into. */
export type MirrorCursors = JsonObject

/** That a server could not be asked. */
export interface OriginFailure {
  readonly message: string
  readonly sinceTs: number
  readonly inARow: number
}

/** That something was not accepted. */
export interface OriginRefusal {
  /** Of a closed set: `RefusalReason` in `apply-page.ts`. */
  readonly reason: string
  readonly message: string
  readonly sinceTs: number
}

/** What shows that a server keeps two logs, for whoever is to judge it. At most some 40 KiB. */
export interface ForkEvidence {
  readonly reason: 'fork' | 'bad_proof'
  readonly message: string
  readonly foundTs: number
  /** Heads that it signed, as received: those that it was held to, and the one that contradicts them. */
  readonly heads: readonly JsonObject[]
  /** What was held when it was found, and its root in base64. */
  readonly held: { readonly size: number; readonly root: string }
  /** The page that came with the last of the heads: its place, and its proof as received. */
  readonly page: { readonly start: number; readonly entries: number; readonly proof: JsonValue }
}

/** A server that is followed from now on. */
export function newRecord(serverName: string, followedTs: number): OriginRecord {
  return {
    serverName,
    followedTs,
    mode: undefined,
    features: [],
    heads: [],
    mirrors: [],
    failure: undefined,
    refusal: undefined,
    fork: undefined,
    restart: false,
    listedTs: undefined,
    volunteer: 'no',
    mirrored: {},
  }
}

/** The version of the form below. */
const FORM = 1

/** The record as it is stored. */
export function encodeRecord(record: OriginRecord): Uint8Array {
  return encodeCanonical({ form: FORM, ...record, heads: record.heads.map((head) => head.json) })
}

/**
 * Reads a stored record.
 *
 * @throws FederationError `store_damaged`.
 */
export function decodeRecord(serverName: string, bytes: Uint8Array): OriginRecord {
  try {
    const json = parseStrict(bytes)
    if (!isJsonObject(json) || json.form !== FORM) throw new Error('It has another form.')
    // Nobody but `encodeRecord` writes it.
    const { form: _form, heads, ...kept } = json as unknown as StoredRecord
    return { ...newRecord(serverName, kept.followedTs), ...kept, heads: heads.map(readHead) }
  } catch (cause) {
    const message = `What was remembered of ${serverName} cannot be read. Unfollow it, and follow it anew.`
    throw new FederationError('store_damaged', message, { cause })
  }
}

/** A record as JSON. */
type StoredRecord = Omit<OriginRecord, 'heads'> & { readonly form: number; readonly heads: readonly JsonObject[] }
