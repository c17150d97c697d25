import type { Store } from '@manga-federation/core'
import { betterSqliteDriver, nodeDriver, type SqlDriver } from './driver.ts'
import { openWith } from './sqlite-store.ts'

/** A driver, or why it is not there. */
export type DriverUnderTest = { readonly name: string } & (
  | { readonly driver: SqlDriver; readonly missing?: undefined }
  | { readonly driver?: undefined; readonly missing: string }
)

export const DRIVERS: readonly DriverUnderTest[] = [nodeUnderTest(), betterSqliteUnderTest()]

function nodeUnderTest(): DriverUnderTest {
  const name = 'node:sqlite'
  const driver = nodeDriver()
  return driver === undefined ? { name, missing: `Node ${process.versions.node} has none` } : { name, driver }
}

function betterSqliteUnderTest(): DriverUnderTest {
  const name = 'better-sqlite3'
  try {
    return { name, driver: betterSqliteDriver() }
  } catch {
    return { name, missing: 'better-sqlite3 is not built here: bash test/build-better-sqlite3.sh' }
  }
}

/** The first driver that is there; Node 20 has none without a build of better-sqlite3. */
export function anyDriver(): SqlDriver | undefined {
  return DRIVERS.find(({ driver }) => driver !== undefined)?.driver
}

/** Opens a store at `path`, uses it, and closes it. */
export async function withStore<T>(driver: SqlDriver, path: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = openWith(driver, path)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
