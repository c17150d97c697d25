import { isIpfsUrl } from './ipfs.ts'
import { isLocaleTag } from './locale.ts'

/** Tells what is wrong with a value, in words that end the sentence "metadata.en.title …"; undefined when it is right. */
type Rule = (value: unknown) => string | undefined

/** Text with something in it that shows. */
const shownText: Rule = (value) =>
  typeof value === 'string' && value.trim() !== '' ? undefined : 'must be text that is not blank'

const text: Rule = (value) => (typeof value === 'string' ? undefined : 'must be text')

const textList: Rule = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'must be a list of texts'

/** Ids of other catalogs: text, but sites often keep them as numbers. */
const externalId: Rule = (value) =>
  typeof value === 'string' || Number.isSafeInteger(value) ? undefined : 'must be text'

const integer: Rule = (value) => (Number.isSafeInteger(value) ? undefined : 'must be a whole number within ±(2^53−1)')

const count: Rule = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'must be a whole number that is not negative'

const localeTag: Rule = (value) =>
  typeof value === 'string' && isLocaleTag(value) ? undefined : 'must be a language tag such as en or pt-BR'

const ipfsUrl: Rule = (value) =>
  typeof value === 'string' && isIpfsUrl(value) ? undefined : 'must be ipfs:// and a valid CID, as in ipfs://bafy…/1'

/** RFC 3339 section 5.6. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i

const dateTime: Rule = (value) =>
  typeof value === 'string' && RFC_3339.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : 'must be a time such as 2026-01-31T12:00:00Z'

const linkMap: Rule = (value) =>
  isPlainObject(value) && Object.values(value).every((item) => typeof item === 'string')
    ? undefined
    : 'must be an object of texts, as in {"al": "30011"}'

const groupList: Rule = (value) =>
  Array.isArray(value) &&
  value.every(
    (item) => isPlainObject(item) && typeof item.name === 'string' && ['string', 'undefined'].includes(typeof item.url),
  )
    ? undefined
    : 'must be a list of groups, as in [{"name": "Blue Lotus Scans"}]'

function oneOf(...allowed: string[]): Rule {
  return (value) =>
    typeof value === 'string' && allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`
}

/** Optional fields of both kinds (PROTOCOL section 6.1). */
const COMMON_FIELDS: Record<string, Rule> = {
  description: text,
  original_language: localeTag,
  content_rating: oneOf('safe', 'suggestive', 'erotica', 'pornographic'),
  links: linkMap,
  mangaupdates: externalId,
  myanimelist: externalId,
}

/** Fields of a series' locale metadata. What is not in the table is allowed, signed and kept. */
export const SERIES_FIELDS: Readonly<Record<string, Rule>> = {
  ...COMMON_FIELDS,
  title: shownText,
  'alternative-titles': textList,
  authors: textList,
  artists: textList,
  status: oneOf('ongoing', 'completed', 'hiatus', 'cancelled'),
  genres: textList,
  tags: textList,
  reading_direction: oneOf('rtl', 'ltr', 'vertical', 'webtoon'),
  cover: ipfsUrl,
}

/** Fields of a chapter's locale metadata. */
export const CHAPTER_FIELDS: Readonly<Record<string, Rule>> = {
  ...COMMON_FIELDS,
  title: shownText,
  sort_id: integer,
  alternative_titles: textList,
  chapter: text,
  volume: text,
  groups: groupList,
  language: localeTag,
  pages: count,
  published_at: dateTime,
}

/** Whether a value is an object with fields, not an array, a date or another class's. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
