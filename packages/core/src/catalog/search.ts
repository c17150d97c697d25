/**
 * How titles and searches are compared: compatibility forms, case and the width of kana make no difference. Only ever
 * used to find, never signed.
 */
export function normalizeForSearch(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** All titles of an object, normalized, one a line, each once. */
export function searchText(titles: readonly string[]): string {
  return [...new Set(titles.map(normalizeForSearch))].join('\n')
}
