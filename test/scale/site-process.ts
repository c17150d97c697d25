// One of several processes of a site, over a database that they share. Started by cluster.ts, which may kill it.
import { mangaFederation } from '@manga-federation/fastify'
import Fastify from 'fastify'
import { Pool } from 'pg'
import type { Batch } from './changes.ts'
import type { ProcessStart, ProcessStatus } from './cluster.ts'
import { observedStore } from './observed-store.ts'
import { refusalLog } from './refusals.ts'
import { siteTables } from './site-tables.ts'

/** The site's queries and the federation's together: six processes stay below what PostgreSQL allows. */
const MAX_CONNECTIONS = 8

const { serverName, port, connectionString, schemas } = JSON.parse(process.env['PROCESS']!) as ProcessStart
const pool = new Pool({ connectionString, max: MAX_CONNECTIONS })
// A connection that breaks while nobody uses it has left the pool already.
pool.on('error', () => {})
const tables = siteTables(pool, schemas.site)
const store = await observedStore(pool, schemas.federation)
const { logger, refusals } = refusalLog()
const work = new Map<string, number>()

const app = Fastify()
await app.register(mangaFederation, {
  serverName,
  catalog: tables,
  store: async () => store,
  allowInsecure: true,
  allowedPorts: 'any',
  logger,
  tracer: {
    startActiveSpan(name, _options, run) {
      work.set(name, (work.get(name) ?? 0) + 1)
      return run({ setAttribute() {}, recordException() {}, setStatus() {}, end() {} })
    },
  },
})

app.post('/changes', async (request, reply) => {
  const batch = request.body as Batch
  await tables.make(batch)
  const idsOf = (kind: string): string[] => batch.changes.filter((change) => change.kind === kind).map(({ id }) => id)
  const report = await app.mangaFederation.catalog.changed({ series: idsOf('series'), chapters: idsOf('chapter') })
  return reply.code(report.problemCount === 0 ? 200 : 503).send(report.problems)
})

app.post('/operator/follow', async (request) => app.mangaFederation.follow(request.body as string))

app.get('/operator/status', async (): Promise<ProcessStatus> => {
  const { reconciling } = await app.mangaFederation.catalog.status()
  return { hasClaims: store.hasClaims(), work: Object.fromEntries(work), reconciling, refusals }
})

await app.listen({ host: '127.0.0.1', port })
console.log(`listening on http://127.0.0.1:${port}`)
