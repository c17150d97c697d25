import { loadRatio, openLoad } from './load.ts'
import { type BenchResult, medianMs } from './measure.ts'
import { otherServer } from './other-servers.ts'
import { API, type SitePorts, withSite } from './site.ts'

/** As many as one question may have (PROTOCOL section 5.2). */
const SERVERS = 50

const TARGET = `${API}/keys/origin/${encodeURIComponent(otherServer(0).serverName)}`
const QUESTION = JSON.stringify({
  server_keys: Object.fromEntries(Array.from({ length: SERVERS }, (_, index) => [otherServer(index).serverName, {}])),
})

const REQUESTS_A_ROUND = 2000
const QUESTIONS_A_ROUND = 300
const ROUNDS = 61

/** What a question for 50 servers may cost. */
const MAX_QUESTION_MS = 10

/** A site as a witness of servers whose keys it knows. */
export function witnessing(): Promise<BenchResult[]> {
  return withSite({ series: 0, servers: SERVERS, targets: [TARGET] }, async (ports) => [
    await oneServer(ports),
    await manyServers(ports),
  ])
}

async function oneServer(ports: SitePorts): Promise<BenchResult> {
  const ratio = await loadRatio(ports.federation, ports.constant, TARGET, {
    requestsARound: REQUESTS_A_ROUND,
    rounds: ROUNDS,
  })
  return {
    name: `GET ${API}/keys/origin/{server}`,
    ratio,
    limit: 0.7,
    direction: 'at least',
    detail: 'the same Fastify sending the same bytes and headers from a constant',
  }
}

async function manyServers(ports: SitePorts): Promise<BenchResult> {
  const federation = await openLoad(ports.federation, () => `${API}/keys`, { json: QUESTION })
  const questionMs = (await medianMs(() => federation.run(QUESTIONS_A_ROUND), ROUNDS)) / QUESTIONS_A_ROUND
  federation.close()
  return {
    name: `POST ${API}/keys for ${SERVERS} servers`,
    ratio: questionMs / MAX_QUESTION_MS,
    limit: 1,
    direction: 'at most',
    detail: `${MAX_QUESTION_MS} ms, ${questionMs.toFixed(2)} ms each`,
  }
}
