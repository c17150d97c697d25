import { FederationError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Call, FederationRequest, FederationResponse, Route } from './contract.ts'
import type { Match } from './matcher.ts'
import { errorResponse, optionsResponse, withoutBody } from './responses.ts'

/** What a dispatcher needs to know besides the routes. */
export interface DispatcherOptions<Parts> {
  readonly match: (target: string) => Match<Parts> | undefined
  /** The running federation; a promise of it as long as it is not running yet. */
  readonly parts: () => Parts | Promise<Parts>
  /** Reads the server name in a path. */
  readonly decodeServerName: (raw: string) => string
  readonly logger: Logger
}

/** What a request without a query has; nobody adds to it. */
const NO_PARAMETERS = new URLSearchParams()

/** A class, since a literal with an accessor costs each request a hidden class of its own. */
class MatchedCall implements Call {
  readonly request: FederationRequest
  readonly serverName: string | undefined
  readonly segment: string | undefined
  readonly #query: string

  constructor(request: FederationRequest, { segment, query }: Match<never>, serverName: string | undefined) {
    this.request = request
    this.serverName = serverName
    this.segment = segment
    this.#query = query
  }

  /** Parsed when it is asked for: most routes have no parameters, and others know what they read before. */
  get query(): URLSearchParams {
    return this.#query === '' ? NO_PARAMETERS : new URLSearchParams(this.#query)
  }
}

/** Answers a request, at once where nothing has to be waited for; undefined when it is not the federation's. */
export type Dispatcher = (request: FederationRequest) => FederationResponse | undefined | Promise<FederationResponse>

/**
 * Builds the one function that answers requests.
 *
 * It never throws and never rejects: what goes wrong becomes a response, and what is our fault is logged.
 */
export function createDispatcher<Parts>({
  match,
  parts,
  decodeServerName,
  logger,
}: DispatcherOptions<Parts>): Dispatcher {
  function answer(
    request: FederationRequest,
    matched: Match<Parts>,
    running: Parts,
  ): FederationResponse | Promise<FederationResponse> {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = matched.routes.find((candidate) => candidate.method === method)
    if (!route) return withoutRoute(request.method, matched.routes)
    const { rawServerName } = matched
    const serverName = rawServerName === undefined ? undefined : decodeServerName(rawServerName)
    const response = route.handle(running, new MatchedCall(request, matched, serverName))
    if (request.method !== 'HEAD') return response
    return response instanceof Promise ? response.then(withoutBody) : withoutBody(response)
  }

  function failure(error: unknown, { target }: FederationRequest): FederationResponse {
    const response = errorResponse(error)
    if (response.status >= 500) logger.error({ err: error, target }, 'a request failed')
    return response
  }

  return (request) => {
    const matched = match(request.target)
    if (!matched) return undefined
    try {
      const running = parts()
      const response =
        running instanceof Promise
          ? running.then((started) => answer(request, matched, started))
          : answer(request, matched, running)
      return response instanceof Promise ? response.catch((error: unknown) => failure(error, request)) : response
    } catch (error) {
      return failure(error, request)
    }
  }
}

/** The answer to a method that no route at this path has (RFC 9110 section 15.5.6: 405 names the allowed ones). */
function withoutRoute<Parts>(method: string, routes: readonly Route<Parts>[]): FederationResponse {
  const allow = allowedMethods(routes).join(', ')
  if (method === 'OPTIONS') return optionsResponse(allow)
  throw new FederationError('method_not_allowed', `Use one of: ${allow}.`, { headers: { allow } })
}

function allowedMethods<Parts>(routes: readonly Route<Parts>[]): string[] {
  const methods: string[] = [...new Set(routes.map((route) => route.method))]
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
}
