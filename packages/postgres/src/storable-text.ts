/** What stands for a character that cannot be stored. */
const REPLACEMENT = '\ufffd'

/**
 * A text as PostgreSQL can store it. Its UTF-8 has neither lone surrogates nor U+0000, and other servers may send the
 * latter in ids and titles: both become U+FFFD, wherever they are stored or looked for.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', REPLACEMENT)
}
