import { FederationError, type FederationErrorCode } from '@manga-federation/core'

/** Why the file is precious, in every message that might make somebody delete it. */
export const KEEP_THE_FILE =
  "Keep the file safe: it holds the site's signing key, and without that key other servers take the site for another one."

/** What a failure means and what to do, by SQLite's primary result code (https://www.sqlite.org/rescode.html). */
const MEANINGS: Readonly<Record<string, { code: FederationErrorCode; says: string }>> = {
  ERROR: damaged(`The file lacks what a store has. ${KEEP_THE_FILE} Restore a backup.`),
  PERM: unavailable('The system does not let this process use the file. Check its owner and mode.'),
  BUSY: unavailable('Another process kept the file locked. Find out which one holds it; a backup tool perhaps.'),
  READONLY: unavailable(
    'The file or its folder cannot be written. Check owner, mode and whether the disk is read-only.',
  ),
  IOERR: unavailable('Reading or writing the disk failed. Check the disk and the system log.'),
  CORRUPT: damaged(`The file is damaged. ${KEEP_THE_FILE} Stop the site, set the file aside, restore a backup.`),
  FULL: unavailable('The disk is full. Nothing was lost; make room.'),
  CANTOPEN: unavailable(
    'The file cannot be opened. Check that its folder exists and that this process may write there.',
  ),
  NOTADB: damaged(
    'This is not a SQLite file, or its beginning is damaged. If it should be the store, restore a backup. ' +
      `${KEEP_THE_FILE} If the path is mistaken, choose another.`,
  ),
}

/** The names of the primary result codes above, by number, which is what `node:sqlite` reports. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'ERROR',
  3: 'PERM',
  5: 'BUSY',
  8: 'READONLY',
  10: 'IOERR',
  11: 'CORRUPT',
  13: 'FULL',
  14: 'CANTOPEN',
  26: 'NOTADB',
}

/** SQLITE_IOERR_GETTEMPPATH: no folder for temporary files, which hold the marks of a reconciling pass. */
const NO_TEMPORARY_FOLDER: ReadonlySet<unknown> = new Set([6410, 'SQLITE_IOERR_GETTEMPPATH'])

/** What the drivers throw: `node:sqlite` with `errcode`, the extended code's number; better-sqlite3 with its name. */
interface SqliteError extends Error {
  readonly errcode?: number
  readonly code?: string
}

/** What a driver threw, as an error that tells the operator what to mend. Other errors are returned as they are. */
export function explained(thrown: unknown, path: string): unknown {
  const error = thrown as SqliteError
  const name = primaryCode(error)
  if (thrown instanceof FederationError || name === undefined) return thrown
  const { code, says } = NO_TEMPORARY_FOLDER.has(error.errcode ?? error.code)
    ? unavailable('SQLite found no folder for temporary files. Set the environment variable SQLITE_TMPDIR to one.')
    : (MEANINGS[name] ?? { code: 'internal', says: 'SQLite refused.' })
  return new FederationError(code, `The store ${path}: ${says} (SQLite: ${error.message})`, { cause: thrown })
}

/** The name of the primary result code: `CORRUPT` for `SQLITE_CORRUPT_VTAB`. Undefined when it is not SQLite's. */
function primaryCode({ errcode, code }: SqliteError): string | undefined {
  // The lowest byte of an extended code is the primary one.
  if (errcode !== undefined) return NAMES[errcode & 0xff] ?? `code ${errcode}`
  return code?.startsWith('SQLITE_') ? code.split('_')[1] : undefined
}

function unavailable(says: string): { code: FederationErrorCode; says: string } {
  return { code: 'store_unavailable', says }
}

function damaged(says: string): { code: FederationErrorCode; says: string } {
  return { code: 'store_damaged', says }
}
