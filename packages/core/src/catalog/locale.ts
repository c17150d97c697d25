import { parse } from 'bcp-47'
import { LRUCache } from 'lru-cache'

/** The longest tag that every implementation must take, in characters (RFC 5646, section 4.4.1). */
const MAX_KEPT_CHARACTERS = 35

/** Tags that were found well-formed: the same few stand in every object. */
const WELL_FORMED = new LRUCache<string, true>({ max: 1000 })

/**
 * Whether a text is a well-formed language tag by RFC 5646's grammar. `Intl.Locale` refuses valid ones (grandfathered
 * tags, private use), so it cannot decide.
 */
export function isLocaleTag(text: string): boolean {
  if (WELL_FORMED.has(text)) return true
  const tag = parse(text, { normalize: false })
  const isOne = Boolean(tag.language || tag.irregular || tag.regular || tag.privateuse.length > 0)
  if (isOne && text.length <= MAX_KEPT_CHARACTERS) WELL_FORMED.set(text, true)
  return isOne
}

/** The locale tags of an object as the `locale` filter searches them: lower case, between bars (RFC 4647 3.3.1). */
export function localeIndex(tags: readonly string[]): string {
  return `|${tags.map((tag) => tag.toLowerCase()).join('|')}|`
}

/** The same for the metadata of another server's object: what is no tag is passed over. */
export function foreignLocaleIndex(metadata: object): string {
  return localeIndex(Object.keys(metadata).filter(isLocaleTag))
}
