/** A number with its noun: "1 chapter", "1,200 chapters". */
export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

const LANGUAGE_NAMES = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** The English name of a language; its tag where there is no name. */
export function languageName(tag: string): string {
  try {
    return LANGUAGE_NAMES.of(tag) ?? tag
  } catch {
    // The tags of a loaded catalog are as they were found.
    return tag
  }
}
