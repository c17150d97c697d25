import { FederationError } from '../errors.ts'
import type { ObjectKind } from '../store/index.ts'
import { CHAPTER_FIELDS, isPlainObject, SERIES_FIELDS } from './fields.ts'
import { isIpfsUrl } from './ipfs.ts'
import { isLocaleTag } from './locale.ts'

/** Longest id in characters: it stands in URLs, cursors and indexes. */
const MAX_ID_CHARACTERS = 255

/** Controls cannot be seen, and so not mended, by whoever reads a message. */
const CONTROL_CHARACTER = /\p{Cc}/u

/** A decimal number as chapters have it: "10", "10.5". */
const DECIMAL = /^\d{1,9}(?:\.\d{1,6})?$/

/** `sort_id` counts in thousandths of a chapter (PROTOCOL section 6.1). */
const SORT_IDS_A_CHAPTER = 1000

/** What a site said of one object, checked and completed; ready to be encoded. */
export interface CheckedRecord {
  readonly kind: ObjectKind
  readonly id: string
  readonly seriesId: string | undefined
  readonly images: string | undefined
  /** By locale, in the protocol's spelling. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/**
 * Checks a record against the rules of PROTOCOL section 6.1 and completes what has a default.
 *
 * @param record - whatever a repository returned.
 * @throws FederationError `invalid_record`, whose message names the field and what it must be.
 */
export function checkRecord(kind: ObjectKind, record: unknown): CheckedRecord {
  if (!isPlainObject(record)) throw refusal('the record must be an object')
  const id = checkId('id', record.id)
  const seriesId = kind === 'chapter' ? checkId('seriesId', record.seriesId) : undefined
  const locales = checkLocales(record.metadata)
  const metadata = Object.fromEntries(
    locales.map(([tag, fields]) => [
      tag,
      kind === 'series' ? seriesMetadata(`metadata.${tag}`, fields) : chapterMetadata(`metadata.${tag}`, fields),
    ]),
  )
  return { kind, id, seriesId, images: checkImages(kind, record.images), metadata }
}

function checkId(name: string, value: unknown): string {
  if (typeof value !== 'string') throw refusal(`${name} must be text, not ${describe(value)}; write String(${name})`)
  if (value === '' || value.length > MAX_ID_CHARACTERS || CONTROL_CHARACTER.test(value)) {
    throw refusal(`${name} must be 1 to ${MAX_ID_CHARACTERS} characters without control characters`)
  }
  return value
}

function checkImages(kind: ObjectKind, images: unknown): string | undefined {
  if (images === undefined || images === null) return undefined
  if (kind === 'chapter' && typeof images === 'string' && isIpfsUrl(images)) return images
  throw refusal(
    kind === 'chapter'
      ? 'images must be ipfs:// and a valid CID, as in ipfs://bafy…/chapter-1'
      : 'images belongs to chapters; a series has metadata.….cover',
  )
}

function checkLocales(metadata: unknown): [string, Record<string, unknown>][] {
  if (!isPlainObject(metadata) || Object.keys(metadata).length === 0) {
    throw refusal('metadata must have at least one language, as in {"en": {"title": "…"}}')
  }
  return Object.entries(metadata).map(([tag, fields]) => {
    if (!isLocaleTag(tag)) {
      throw refusal(`metadata has the key ${JSON.stringify(tag)}, which is no language tag such as en or pt-BR`)
    }
    if (!isPlainObject(fields)) throw refusal(`metadata.${tag} must be an object with a title`)
    return [tag, fields]
  })
}

function seriesMetadata(path: string, given: Record<string, unknown>): Record<string, unknown> {
  const fields = withProtocolSpelling(given, 'alternative_titles', 'alternative-titles')
  checkFields(path, fields, SERIES_FIELDS)
  if (fields.title === undefined) throw refusal(`${path}.title is missing`)
  return fields
}

function chapterMetadata(path: string, given: Record<string, unknown>): Record<string, unknown> {
  const fields = withProtocolSpelling(given, 'alternative-titles', 'alternative_titles')
  checkFields(path, fields, CHAPTER_FIELDS)
  const title = fields.title ?? fields.chapter
  if (title === undefined || title === '') throw refusal(`${path} has neither a title nor a chapter number`)
  return { ...fields, title, sort_id: fields.sort_id ?? defaultSortId(path, fields.chapter) }
}

/** Ids of other catalogs that sites often keep as numbers; on the wire they are text (PROTOCOL section 6.1). */
const TEXT_IDS = new Set(['mangaupdates', 'myanimelist'])

/** The fields as they go over the wire: one spelling, ids as text, and none without a value. */
function withProtocolSpelling(given: Record<string, unknown>, other: string, own: string): Record<string, unknown> {
  // Most records are in this form already, and a catalog has hundreds of thousands.
  if (
    !Object.entries(given).some(
      ([name, value]) => value === undefined || value === null || name === other || TEXT_IDS.has(name),
    )
  )
    return given
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given)) {
    // A column without a value is a field that is not there; JSON's null would be signed and shown as text.
    if (value === undefined || value === null) continue
    if (name === other) fields[own] ??= value
    else fields[name] = TEXT_IDS.has(name) && typeof value === 'number' ? String(value) : value
  }
  return fields
}

function checkFields(path: string, fields: Record<string, unknown>, rules: typeof SERIES_FIELDS): void {
  for (const [name, value] of Object.entries(fields)) {
    const fault = Object.hasOwn(rules, name) ? rules[name]?.(value) : undefined
    if (fault !== undefined) throw refusal(`${path}.${name} ${fault}; it is ${describe(value)}`)
  }
}

/** A one-shot has no number and no neighbors to be sorted among. */
function defaultSortId(path: string, chapter: unknown): number {
  if (chapter === undefined || chapter === '') return 0
  if (typeof chapter !== 'string' || !DECIMAL.test(chapter)) {
    throw refusal(`${path}.chapter is ${describe(chapter)}, which is no number such as 10.5: give ${path}.sort_id too`)
  }
  return Math.round(Number(chapter) * SORT_IDS_A_CHAPTER)
}

/** A value as a message shows it: short, and with its type visible. */
function describe(value: unknown): string {
  if (value instanceof Date) return 'a Date'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value !== 'string') return String(value)
  return JSON.stringify(value.length <= 40 ? value : `${value.slice(0, 40)}…`)
}

function refusal(message: string): FederationError {
  return new FederationError('invalid_record', message)
}
