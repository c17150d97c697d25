/** Quotes, backslashes, control characters and surrogates, of which some must be escaped and some may be alone. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/

/** Half of a surrogate pair without its other half. With the flag `u`, whole pairs do not match. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** Whether a text stands between the quotes of a JSON string as it is, which most texts do. */
export function isPlainText(text: string): boolean {
  return !NEEDS_CARE.test(text)
}

/** Whether a text is not Unicode, and so has no UTF-8 form. */
export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text)
}

/** The beginning of a text, cut between characters, for messages about input of any length. */
export function excerpt(text: string, maxCharacters: number): string {
  // A character takes two units of a JavaScript string at most, so this many units are enough and are cheap to split.
  const characters = Array.from(text.slice(0, 2 * maxCharacters + 1))
  return characters.length <= maxCharacters ? text : `${characters.slice(0, maxCharacters).join('')}…`
}
