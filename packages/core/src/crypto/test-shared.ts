import { existsSync, readFileSync } from 'node:fs'

/** The folder of test vectors and real data that may lie beside the project. */
const SHARED = new URL('../../../../../shared/', import.meta.url)

/** The parsed JSON file of that folder, or undefined where it is not there. */
export function readShared(path: string): unknown {
  const file = new URL(path, SHARED)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
