import { type Load, openLoad } from './load.ts'
import { type BenchResult, medianSpeedRatio } from './measure.ts'
import { API, withSite } from './site.ts'

const SERIES = 25_000
const TARGET = `${API}/manga/series?limit=100`

const REQUESTS_A_ROUND = 1000
const ROUNDS = 15

/** Requests a second of a page of 100 series out of 25,000, against the same Fastify that sends a constant. */
export function reading(): Promise<BenchResult[]> {
  return withSite({ series: SERIES, targets: [TARGET] }, async (ports) => {
    let since = 0
    const [kept, rendered, constant] = await Promise.all([
      openLoad(ports.federation, () => TARGET),
      // All series changed since then, so the page has the same objects; but it is another page to the cache.
      openLoad(ports.federation, () => `${TARGET}&since=${(since += 1)}`),
      openLoad(ports.constant, () => TARGET),
    ])
    const ratio = await compare(kept, constant)
    const ratioRendered = await compare(rendered, constant)
    for (const load of [kept, rendered, constant]) load.close()
    return [
      {
        name: `GET ${TARGET} of ${SERIES} series`,
        ratio,
        limit: 0.7,
        direction: 'at least',
        detail:
          `the same Fastify sending the same bytes and headers from a constant, on ${ports.source}; ` +
          `${ratioRendered.toFixed(2)} where the page is not in the cache of rendered pages`,
      },
    ]
  })
}

function compare(federation: Load, constant: Load): Promise<number> {
  return medianSpeedRatio(
    () => federation.run(REQUESTS_A_ROUND),
    () => constant.run(REQUESTS_A_ROUND),
    ROUNDS,
  )
}
