// Appends in a loop to the store in the database given, as the writer given, and writes the size of each commit when it
// was told of it. Started by sharing.test.ts, which kills it.
import { writeSync } from 'node:fs'
import { openPostgresStore } from './postgres-store.ts'
import { append } from './test-commits.ts'

const [, , connectionString, writer] = process.argv
const store = await openPostgresStore({ connectionString: connectionString! })
for (;;) writeSync(1, `${await append(store, writer!)}\n`)
