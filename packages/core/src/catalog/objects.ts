import { sha256 } from '../crypto/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { canonicalText, encodeBase64 } from '../json/index.ts'
import type { LoadedKey } from '../keys/index.ts'
import type { ObjectKind, StoredObject } from '../store/index.ts'
import { localeIndex } from './locale.ts'
import { type CheckedRecord, checkRecord } from './rules.ts'
import { searchText } from './search.ts'

/** The largest object in bytes, signed (PROTOCOL section 6.1). */
export const MAX_OBJECT_BYTES: number = 64 * 1024

const encoder = new TextEncoder()

/** A record ready to be signed, and the hash that tells whether it differs from what is published. */
export interface Draft {
  readonly kind: ObjectKind
  readonly id: string
  readonly contentHash: Uint8Array
  /**
   * Signs the draft as a new version of the object, with every key given, on another core where there is one.
   *
   * @throws FederationError `invalid_record` when the object is too large.
   */
  sign(version: {
    revision: number
    updatedTs: number
    serverName: string
    keys: readonly LoadedKey[]
  }): Promise<StoredObject>
}

/**
 * Turns a site's record into a draft.
 *
 * @throws FederationError `invalid_record`, whose message says which field must be mended.
 */
export function draftOf(kind: ObjectKind, record: unknown): Draft {
  const checked = checkRecord(kind, record)
  const content = contentFragments(checked)
  const contentHash = sha256(content.beforeRevision + content.afterRevision)
  // A draft outlives its record by a page: what it keeps is text only, so that little is alive at a time.
  const { id, seriesId } = checked
  const locales = localeIndex(Object.keys(checked.metadata))
  const titles = searchText(checked.titles)
  return {
    kind,
    id,
    contentHash,
    sign: async (version) => ({
      kind,
      id,
      seriesId,
      revision: version.revision,
      updatedTs: version.updatedTs,
      contentHash,
      locales,
      searchText: titles,
      bytes: await signedBytes(content, version),
    }),
  }
}

/** The canonical text of what the site said, cut where the federation's own fields go. */
interface ContentFragments {
  /** `"id":…,"images":…,"metadata":…` */
  readonly beforeRevision: string
  /** `,"series_id":…` or nothing. */
  readonly afterRevision: string
}

function contentFragments({ id, images, metadata, seriesId }: CheckedRecord): ContentFragments {
  try {
    return {
      beforeRevision: membersOf({ id, images, metadata }),
      afterRevision: seriesId === undefined ? '' : `,${membersOf({ series_id: seriesId })}`,
    }
  } catch (error) {
    throw new FederationError('invalid_record', reasonOf(error), { cause: error })
  }
}

/** An object's canonical text without its braces. */
function membersOf(object: object): string {
  return canonicalText(object).slice(1, -1)
}

/**
 * Writes the signed object. Its members stand in canonical order here, so that the metadata, which is nearly all of
 * it, is encoded once and not three times; a test compares with the general encoder.
 */
async function signedBytes(
  content: ContentFragments,
  { revision, updatedTs, serverName, keys }: Parameters<Draft['sign']>[0],
): Promise<Uint8Array> {
  const head = `{${content.beforeRevision},"revision":${revision}${content.afterRevision},"server":${canonicalText(serverName)}`
  const signingKeys = canonicalText(Object.fromEntries(keys.map((key) => [key.keyId, key.publicKeyBase64])))
  const tail = `"signing_keys":${signingKeys},"updated_ts":${updatedTs}}`
  const message = encoder.encode(`${head},${tail}`)
  const signed = await Promise.all(
    keys.map(async (key) => [key.keyId, encodeBase64(await key.signingKey.signInBackground(message))]),
  )
  const signatures = canonicalText(Object.fromEntries(signed))
  const bytes = encoder.encode(`${head},"signatures":${signatures},${tail}`)
  if (bytes.byteLength > MAX_OBJECT_BYTES) {
    throw new FederationError(
      'invalid_record',
      `the object is ${bytes.byteLength} bytes long once signed; ${MAX_OBJECT_BYTES} at most are allowed: shorten its texts`,
    )
  }
  return bytes
}

/**
 * Checks whether a site's record can be published, without publishing it.
 *
 * @throws FederationError `invalid_record`, whose message says which field must be mended.
 */
export function checkCatalogRecord(kind: ObjectKind, record: unknown): void {
  draftOf(kind, record)
}
