import { randomUUID } from 'node:crypto'
import { closeSync, constants, copyFileSync, existsSync, linkSync, openSync, rmSync } from 'node:fs'
import { FederationError } from '@manga-federation/core'

/** Readable and writable by its owner alone, because it holds the private key. SQLite's side files get the same. */
const FILE_MODE = 0o600

/**
 * Makes the file if it is not there: it is filled under another name and then put in place. So a file under `path`
 * is never seen half made, an empty one is always a damaged one, and two processes that start together end up
 * with the same one.
 *
 * @param fill - writes the content of the file at the path that it is given; it exists, empty, with its final mode.
 * @throws FederationError `store_unavailable` when the folder is missing or cannot be written.
 */
export function makeFileIfMissing(path: string, fill: (draft: string) => void): void {
  if (existsSync(path)) return
  const draft = `${path}.${randomUUID()}.new`
  try {
    closeSync(openSync(draft, 'wx', FILE_MODE))
    try {
      fill(draft)
      placeIfMissing(draft, path)
    } finally {
      rmSync(draft, { force: true })
    }
  } catch (thrown) {
    throw explainedFileError(thrown, path)
  }
}

/** Makes `path` another name of `draft` unless it exists. Where a disk has no hard links (exFAT), it copies. */
export function placeIfMissing(draft: string, path: string): void {
  for (const place of [linkSync, copyIfMissing]) {
    try {
      return place(draft, path)
    } catch (thrown) {
      if (codeOf(thrown) === 'EEXIST') return
      if (place === copyIfMissing) throw thrown
    }
  }
}

function copyIfMissing(draft: string, path: string): void {
  copyFileSync(draft, path, constants.COPYFILE_EXCL)
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'Its folder does not exist. Make it, or choose another path.',
  ENOTDIR: 'A part of its path is a file where a folder should be. Choose another path.',
  EACCES: "This process may not write to its folder. Change the folder's owner or mode, or choose another path.",
  EPERM: "This process may not write to its folder. Change the folder's owner or mode, or choose another path.",
  EROFS: 'The disk is read-only. Choose a path on a disk that can be written.',
  ENOSPC: 'The disk is full. Make room.',
}

function explainedFileError(thrown: unknown, path: string): unknown {
  const advice = ADVICE[codeOf(thrown)]
  if (advice === undefined) return thrown
  const reason = (thrown as Error).message
  return new FederationError('store_unavailable', `The store ${path} could not be made. ${advice} (${reason})`, {
    cause: thrown,
  })
}

/** The code of a system error: `ENOENT`. */
function codeOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? ''
}
