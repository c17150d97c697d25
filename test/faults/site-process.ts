// A site in a process of its own, over a SQLite file, whose database is a rule. Started by site.ts, which may kill it.
import { cpSync, rmSync } from 'node:fs'
import * as modules from 'node:module'
import { createFederation, environment } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import { siteDatabase } from './changes.ts'
import { failingStore } from './failing-store.ts'
import { serve } from './serve.ts'
import { siteClock } from './site-clock.ts'
import type { SiteQuestions, SiteStart } from './site.ts'

const { serverName, databasePath, changes, ballast } = JSON.parse(process.argv[2]!) as SiteStart
const database = siteDatabase(changes)
const warnings: string[] = []
const clock = siteClock()
const store = await openSqliteStore({ path: databasePath })
const faults = failingStore(store)

const note = (details: object, message: string): void => void warnings.push(`${message} ${JSON.stringify(details)}`)
const federation = createFederation({
  serverName,
  catalog: database,
  store: async () => faults.store,
  allowInsecure: true,
  allowedPorts: 'any',
  logger: { debug() {}, info() {}, warn: note, error: note },
  [environment]: clock.environment,
})

const answers: { [Question in keyof SiteQuestions]: (argument: never) => Promise<unknown> } = {
  change: async (to: number) => federation.catalog.changed({ chapters: database.advanceTo(to) }),
  logSize: async () => (await store.catalog.state(serverName)).size,
  chapters: async () => (await federation.catalog.status()).chapters,
  follow: (name: string) => federation.follow(name),
  check: (name: string) => federation.check(name),
  following: () => federation.following(),
  followers: () => federation.followers(),
  warnings: async () => warnings.splice(0),
  setClock: async (offsetMs: number) => clock.set(offsetMs),
  passTime: async (ms: number) => clock.pass(ms),
  makeRoom: async () => rmSync(ballast!),
  failStore: async ({ ofHundred, seed }: { ofHundred: number; seed: number }) => faults.begin(ofHundred, seed),
  copyDatabase: async (to: string) => cpSync(databasePath, to),
  stop: () => federation.close(),
}

process.on(
  'message',
  ({ number, question, argument }: { number: number; question: keyof SiteQuestions; argument: never }) => {
    answers[question](argument).then(
      (answer) => process.send!({ number, answer }),
      (error: unknown) => process.send!({ number, error: String(error) }),
    )
  },
)
// Whoever started it is gone.
process.on('disconnect', () => process.exit())

const { port } = await serve(federation)
process.send!({ port })
await federation.start()
// A process that is killed keeps nothing of what it compiled, and the next one starts as slowly.
if ('flushCompileCache' in modules) (modules.flushCompileCache as () => void)()
