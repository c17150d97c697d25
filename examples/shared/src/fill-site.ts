import { builtInCatalog } from './built-in-catalog.ts'
import { readCatalogLines } from './catalog-lines.ts'
import { parseCatalogLine, UnusableLine } from './catalog-line.ts'
import type { NewChapter } from './chapter.ts'
import { makeUpChapters } from './chapter-rule.ts'
import type { NewSeries, SiteLibrary } from './site-library.ts'
import type { Database } from './sqlite.ts'

/** `PRAGMA user_version` of a database that has had its first catalog. */
const FILLED = 1

/**
 * Gives a site its first series and chapters, once: a database that was filled before is left as it is.
 *
 * It is one transaction, so that a start that was interrupted leaves an empty database, and the next one begins anew.
 *
 * @param catalogFile an NDJSON file, plain or gzip, one series a line; without it the built-in catalog is taken.
 * @param report is told of each line that was left out, and why.
 */
export async function fillSite(
  database: Database,
  library: SiteLibrary,
  catalogFile: string | undefined,
  report: (problem: string) => void,
): Promise<void> {
  // Of processes that start at once, one fills the database, and the others wait for it here.
  database.exec('BEGIN IMMEDIATE')
  try {
    if (isFilled(database)) return database.exec('ROLLBACK')
    if (catalogFile) await addCatalogFile(library, catalogFile, report)
    else addBuiltInCatalog(library)
    database.exec(`PRAGMA user_version = ${FILLED}; COMMIT`)
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function isFilled(database: Database): boolean {
  return database.prepare<{ user_version: number }>('PRAGMA user_version').get()?.user_version === FILLED
}

function addBuiltInCatalog(library: SiteLibrary): void {
  for (const { series, chapters } of builtInCatalog()) addSeries(library, series, chapters)
}

async function addCatalogFile(library: SiteLibrary, path: string, report: (problem: string) => void): Promise<void> {
  for await (const { lineNumber, text } of readCatalogLines(path)) {
    try {
      const { series, chapterRule } = parseCatalogLine(text)
      const { numbering, chapters } = makeUpChapters(chapterRule)
      addSeries(library, { ...series, numbering }, chapters)
    } catch (error) {
      if (!(error instanceof UnusableLine)) throw error
      report(`Line ${lineNumber} of ${path} was left out: ${error.message}.`)
    }
  }
}

function addSeries(library: SiteLibrary, series: NewSeries, chapters: Iterable<NewChapter>): void {
  if (!library.addSeries(series)) throw new UnusableLine(`its id ${JSON.stringify(series.id)} is taken already`)
  for (const chapter of chapters) library.addChapter(chapter, series.numbering ?? 'continuous')
}
