import { startChild } from './child.ts'
import { FRAMEWORK_SITES, OWN_ROUTE } from './framework-sites.ts'
import { loadRatio } from './load.ts'
import type { BenchResult } from './measure.ts'
import { API } from './site.ts'

/** Where the three sites of one framework listen, all in one process. */
export interface FrameworkPorts {
  /** The site with the federation. */
  readonly federated: number
  /** The same site without. */
  readonly plain: number
  /** The same site, which answers our hot routes from constants. */
  readonly constant: number
}

const HOT_TARGETS = [`${API}/keys`, `${API}/manga/series?limit=100`]

const REQUESTS_A_ROUND = 2000
const ROUNDS = 41

/** On each framework: what the federation costs the site's own route, and how quick our hot routes are. */
export async function frameworks(): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const framework of Object.keys(FRAMEWORK_SITES)) results.push(...(await measure(framework)))
  return results
}

async function measure(framework: string): Promise<BenchResult[]> {
  const site = startChild('./frameworks-process.ts', { framework, targets: HOT_TARGETS })
  try {
    const { federated, plain, constant } = await site.ask<FrameworkPorts>('open')
    const results: BenchResult[] = [
      {
        name: `${framework}: the site's own route with the federation`,
        ratio: await compare(federated, plain, OWN_ROUTE),
        limit: 0.97,
        direction: 'at least',
        detail: 'the same site without',
      },
    ]
    for (const target of HOT_TARGETS) {
      results.push({
        name: `${framework}: GET ${target}`,
        ratio: await compare(federated, constant, target),
        limit: 0.9,
        direction: 'at least',
        detail: `the same ${framework} sending the same bytes and headers from a constant`,
      })
    }
    return results
  } finally {
    await site.stop()
  }
}

function compare(port: number, peerPort: number, target: string): Promise<number> {
  return loadRatio(port, peerPort, target, { requestsARound: REQUESTS_A_ROUND, rounds: ROUNDS })
}
