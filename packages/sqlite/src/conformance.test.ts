import { join } from 'node:path'
import type { Store } from '@manga-federation/core'
import { storeSuite } from '@manga-federation/testing'
import t from 'tap'
import type { SqlDriver } from './driver.ts'
import { KIND_NUMBERS } from './kinds.ts'
import { openWith } from './sqlite-store.ts'
import { DRIVERS } from './test-drivers.ts'

for (const { name, driver, missing } of DRIVERS) {
  t.test(`a file, on ${name}`, { skip: missing ?? false }, async (t) => {
    const folder = t.testdir()
    const paths = new Map<Store, string>()
    const openAt = (path: string): Store => {
      const store = openWith(driver!, path)
      paths.set(store, path)
      return store
    }
    storeSuite({
      test: (title, run) => t.test(title, run),
      open: async () => openAt(join(folder, `${paths.size}.db`)),
      reopen: async (store) => openAt(paths.get(store)!),
      rawObject: async (store, origin, kind, id) =>
        rawBytes(driver!, paths.get(store)!, [origin, KIND_NUMBERS[kind], id]),
    })
  })

  t.test(`in memory, on ${name}`, { skip: missing ?? false }, async (t) => {
    storeSuite({ test: (title, run) => t.test(title, run), open: async () => openWith(driver!, ':memory:') })
  })
}

/** Reads an object's bytes with a connection of its own. */
function rawBytes(
  driver: SqlDriver,
  path: string,
  key: [origin: string, kind: number, id: string],
): Uint8Array | undefined {
  const connection = driver(path)
  try {
    return connection
      .prepare<{ body: Uint8Array }>(
        'SELECT body FROM catalogs JOIN objects USING (catalog) JOIN entries USING (entry) WHERE origin = ? AND kind = ? AND id = ?',
      )
      .get(...key)?.body
  } finally {
    connection.close()
  }
}
