import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of our own under the system's folder for temporary files. */
export interface TemporaryFolder {
  /** The path of a file in it. */
  file(name: string): string
  /** Removes a file in it. */
  removeFile(name: string): void
  /** Removes it and all that is in it. */
  remove(): void
}

/** Makes a temporary folder. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'manga-federation-bench-'))
  return {
    file: (name) => join(path, name),
    removeFile: (name) => rmSync(join(path, name)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
