import type { HttpClient } from '../egress/index.ts'
import { FederationError } from '../errors.ts'
import type { Witness } from '../keys/index.ts'
import type { Verifier } from '../verify/index.ts'
import type { Metrics, RequestOutcome } from './metrics.ts'
import { inSpan, SPAN_KIND, type Tracer } from './tracer.ts'

/** Counts the requests to other servers and how long they take. Streams go on for hours: their time tells nothing. */
export function countRequests(client: HttpClient, metrics: Metrics): HttpClient {
  return {
    ...client,
    async request(method, url, options) {
      // Not the clock of the environment: that one may be set meanwhile.
      const start = performance.now()
      const tell = (outcome: RequestOutcome): void => metrics.requested(outcome, performance.now() - start)
      try {
        const response = await client.request(method, url, options)
        tell(`${Math.floor(response.status / 100)}xx`)
        return response
      } catch (error) {
        tell(error instanceof FederationError ? error.code : 'internal')
        throw error
      }
    },
  }
}

/** Does each request in a span, named and described as OpenTelemetry's conventions for HTTP clients say. */
export function traceRequests(client: HttpClient, tracer: Tracer): HttpClient {
  return {
    ...client,
    request(method, url, options) {
      const attributes = { 'http.request.method': method, 'url.full': url, 'server.address': hostOf(url) }
      return inSpan(tracer, method, { kind: SPAN_KIND.client, attributes }, async (span) => {
        const response = await client.request(method, url, options)
        span.setAttribute('http.response.status_code', response.status)
        return response
      })
    },
  }
}

/** Counts verdicts. */
export function countVerdicts(verifier: Verifier, metrics: Metrics): Verifier {
  return {
    async verify(received) {
      const verdict = await verifier.verify(received)
      metrics.verified(verdict.reason)
      return verdict
    },
    async verifyAll(received) {
      const verdicts = await verifier.verifyAll(received)
      for (const { reason } of verdicts) metrics.verified(reason)
      return verdicts
    },
  }
}

/** Counts the answers of this server as a witness. One that is at hand is still given at once. */
export function countAnswers(witness: Witness, metrics: Metrics): Witness {
  const counted = (document: Uint8Array | undefined): Uint8Array | undefined => {
    metrics.witnessed(document !== undefined)
    return document
  }
  return {
    witness(serverName, question) {
      const document = witness.witness(serverName, question)
      return document instanceof Promise ? document.then(counted) : counted(document)
    },
  }
}

/** A URL that cannot be read is refused by the client, which says so. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : ''
}
