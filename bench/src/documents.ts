import { loadRatio } from './load.ts'
import type { BenchResult } from './measure.ts'
import { API, type SitePorts, withSite } from './site.ts'

const TARGETS = [`${API}/keys`, '/.well-known/manga/servers', `${API}/federation/version`]

const REQUESTS_A_ROUND = 2000
const ROUNDS = 61

/** Requests a second of the small documents, against the same Fastify that sends constants. */
export function documents(): Promise<BenchResult[]> {
  return withSite({ series: 0, targets: TARGETS }, async (ports) => {
    const results: BenchResult[] = []
    for (const target of TARGETS) results.push(await compare(ports, target))
    return results
  })
}

async function compare(ports: SitePorts, target: string): Promise<BenchResult> {
  const ratio = await loadRatio(ports.federation, ports.constant, target, {
    requestsARound: REQUESTS_A_ROUND,
    rounds: ROUNDS,
  })
  return {
    name: `GET ${target}`,
    ratio,
    limit: 0.9,
    direction: 'at least',
    detail: 'the same Fastify sending the same bytes and headers from a constant',
  }
}
