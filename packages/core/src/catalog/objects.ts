import { sha256 } from '../crypto/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { canonicalText, isJsonObject, type JsonObject } from '../json/index.ts'
import type { ObjectKind, StoredObject } from '../store/index.ts'
import { foreignLocaleIndex, localeIndex } from './locale.ts'
import { checkRecord } from './rules.ts'
import { searchText } from './search.ts'
import { titlesOf } from './titles.ts'

/** An object ready to be signed. It outlives its record by a page, so it keeps text only: little is alive at a time. */
export interface Draft extends Omit<StoredObject, 'revision' | 'updatedTs' | 'bytes' | 'seq'> {
  /**
   * The canonical text of what was said of the object, cut where the federation's own fields go:
   * `"id":…,"images":…,"metadata":…,"origin":…` and `,"series_id":…` or nothing.
   */
  readonly content: readonly [beforeRevision: string, afterRevision: string]
  /** Bytes of another server's object in it, which do not count toward the largest size. */
  readonly originBytes: number
}

/** Another server's object, to be published anew by this one. */
export interface MirroredRecord {
  readonly kind: ObjectKind
  /** The object's id in this catalog. */
  readonly id: string
  /** The id of its series in this catalog; undefined on series. */
  readonly seriesId: string | undefined
  /** The server that signed it. */
  readonly mirrorOf: string
  /** The object as that server signed it. */
  readonly origin: JsonObject
}

/**
 * Turns a site's record into a draft.
 *
 * @throws FederationError `invalid_record`, whose message says which field must be mended.
 */
export function draftOf(kind: ObjectKind, record: unknown): Draft {
  const { id, images, metadata, seriesId } = checkRecord(kind, record)
  return {
    ...draftFrom({ kind, id, seriesId, metadata }, { id, images, metadata }),
    locales: localeIndex(Object.keys(metadata)),
    mirrorOf: undefined,
    originBytes: 0,
  }
}

/**
 * Turns another server's object into a draft of one that wraps it (PROTOCOL section 6.1).
 *
 * @throws FederationError `invalid_record` when it cannot be wrapped.
 */
export function draftOfMirrored({ kind, id, seriesId, mirrorOf, origin }: MirroredRecord): Draft {
  const { metadata } = origin
  if (!isJsonObject(metadata))
    throw new FederationError('invalid_record', 'the object of the other server has no metadata')
  const draft = draftFrom({ kind, id, seriesId, metadata }, { id, metadata, origin })
  const locales = foreignLocaleIndex(metadata)
  return { ...draft, locales, mirrorOf, originBytes: encoder.encode(canonicalText(origin)).length }
}

const encoder = new TextEncoder()

function draftFrom(
  { kind, id, seriesId, metadata }: Pick<Draft, 'kind' | 'id' | 'seriesId'> & { readonly metadata: object },
  members: object,
): Omit<Draft, 'locales' | 'mirrorOf' | 'originBytes'> {
  const content = contentOf(members, seriesId)
  return {
    kind,
    id,
    seriesId,
    content,
    contentHash: sha256(content[0] + content[1]),
    searchText: searchText(titlesOf(metadata as Readonly<Record<string, unknown>>)),
  }
}

function contentOf(members: object, seriesId: string | undefined): Draft['content'] {
  try {
    return [membersOf(members), seriesId === undefined ? '' : `,${membersOf({ series_id: seriesId })}`]
  } catch (error) {
    throw new FederationError('invalid_record', reasonOf(error), { cause: error })
  }
}

/** An object's canonical text without its braces. */
function membersOf(object: object): string {
  return canonicalText(object).slice(1, -1)
}

/**
 * Checks whether a site's record can be published, without publishing it.
 *
 * @throws FederationError `invalid_record`, whose message says which field must be mended.
 */
export function checkCatalogRecord(kind: ObjectKind, record: unknown): void {
  draftOf(kind, record)
}
