// A site in a process of its own, over a SQLite file, whose database is a rule. Its operator is asked over HTTP, beside
// what it serves. Started by sites.ts with DATA_DIR, and SERVER_NAME where something stands in front of it.
import { createFederation, environment, type FederationRequest, type FederationResponse } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import { siteDatabase } from '../faults/changes.ts'
import { serve } from '../faults/serve.ts'
import { siteClock } from '../faults/site-clock.ts'
import type { OperatorQuestions } from './sites.ts'

const OPERATOR_PATH = '/operator/'

/** Far more than any question has. */
const MAX_ARGUMENT_BYTES = 4096

const database = siteDatabase(0)
const clock = siteClock()
const { port } = await serve({
  handle: (request) => (request.target.startsWith(OPERATOR_PATH) ? operate(request) : federation.handle(request)),
})
const address = `http://127.0.0.1:${port}`

const federation = createFederation({
  serverName: process.env['SERVER_NAME'] || `${address}/v1`,
  catalog: database,
  store: () => openSqliteStore({ path: `${process.env['DATA_DIR']}/federation.db` }),
  loadBalancers: 'open',
  allowInsecure: true,
  allowedPorts: 'any',
  [environment]: clock.environment,
})

const answers: { [Question in keyof OperatorQuestions]: (argument: never) => Promise<unknown> } = {
  change: async (to: number) => federation.catalog.changed({ chapters: database.advanceTo(to) }),
  volunteer: (name: string) => federation.volunteer(name),
  volunteering: () => federation.volunteering(),
  loadBalancers: () => federation.loadBalancers.list(),
  link: () => federation.link(),
  passTime: async (ms: number) => clock.pass(ms),
}

async function operate(request: FederationRequest): Promise<FederationResponse> {
  const question = request.target.slice(OPERATOR_PATH.length) as keyof OperatorQuestions
  const argument = JSON.parse(Buffer.from(await request.body(MAX_ARGUMENT_BYTES)).toString()) as never
  const answer = (await answers[question](argument)) ?? null
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(answer)) }
}

await federation.start()
console.log(`listening on ${address}`)
