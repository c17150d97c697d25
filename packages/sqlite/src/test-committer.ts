// Commits in a loop to the store at the path given, and writes the number of each commit when it was told of it.
// Started by crash.test.ts, which kills it.
import { writeSync } from 'node:fs'
import { anyDriver } from './test-drivers.ts'
import { ORIGIN, commitOf } from './test-commits.ts'
import { openWith } from './sqlite-store.ts'

const store = openWith(anyDriver()!, process.argv[2]!)
const counter = (await store.catalog.versions(ORIGIN, 'series', ['counter'])).get('counter')
for (let number = (counter?.revision ?? 0) + 1; ; number++) {
  await store.catalog.commit(ORIGIN, commitOf(number))
  writeSync(1, `${number}\n`)
}
