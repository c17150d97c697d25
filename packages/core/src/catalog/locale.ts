import { parse } from 'bcp-47'

/**
 * Whether a text is a well-formed language tag by RFC 5646's grammar. `Intl.Locale` refuses valid ones (grandfathered
 * tags, private use), so it cannot decide.
 */
export function isLocaleTag(text: string): boolean {
  const tag = parse(text, { normalize: false })
  return Boolean(tag.language || tag.irregular || tag.regular || tag.privateuse.length > 0)
}

/** The locale tags of an object as the `locale` filter searches them: lower case, between bars (RFC 4647 3.3.1). */
export function localeIndex(tags: readonly string[]): string {
  return `|${tags.map((tag) => tag.toLowerCase()).join('|')}|`
}

/** The same for the metadata of another server's object: what is no tag is passed over. */
export function foreignLocaleIndex(metadata: object): string {
  return localeIndex(Object.keys(metadata).filter(isLocaleTag))
}
