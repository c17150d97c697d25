/**
 * Titles and alternative titles of all locales; what is none is passed over.
 *
 * @param metadata - by locale, of a record that was checked or of another server's object.
 */
export function titlesOf(metadata: Readonly<Record<string, unknown>>): string[] {
  return Object.values(metadata).flatMap((fields) => titlesIn(fields as Readonly<Record<string, unknown>> | null))
}

/** Both spellings are read on both kinds (PROTOCOL section 6.1). */
function titlesIn(fields: Readonly<Record<string, unknown>> | null): string[] {
  return [fields?.title, fields?.['alternative-titles'], fields?.alternative_titles]
    .flat()
    .filter((title) => typeof title === 'string')
}
