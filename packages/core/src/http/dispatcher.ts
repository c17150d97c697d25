import { FederationError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { FederationRequest, FederationResponse, Route } from './contract.ts'
import type { Match } from './matcher.ts'
import { errorResponse, optionsResponse, withoutBody } from './responses.ts'

/** What a dispatcher needs to know besides the routes. */
export interface DispatcherOptions<Parts> {
  readonly match: (target: string) => Match<Parts> | undefined
  /** The running federation; starts it when it is not running yet. */
  readonly parts: () => Promise<Parts>
  /** Reads the server name at the end of a path. */
  readonly decodeServerName: (raw: string) => string
  readonly logger: Logger
}

/**
 * Builds the one function that answers requests.
 *
 * It never throws and never rejects: what goes wrong becomes a response, and what is our fault is logged.
 *
 * @returns undefined for a request that is not the federation's.
 */
export function createDispatcher<Parts>({
  match,
  parts,
  decodeServerName,
  logger,
}: DispatcherOptions<Parts>): (request: FederationRequest) => Promise<FederationResponse | undefined> {
  async function answer(request: FederationRequest, matched: Match<Parts>): Promise<FederationResponse> {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = matched.routes.find((candidate) => candidate.method === method)
    if (!route) return withoutRoute(request.method, matched.routes)
    const serverName = matched.rest === undefined ? undefined : decodeServerName(matched.rest)
    const query = new URLSearchParams(matched.query)
    const response = await route.handle(await parts(), { request, query, serverName })
    return request.method === 'HEAD' ? withoutBody(response) : response
  }

  return async (request) => {
    const matched = match(request.target)
    if (!matched) return undefined
    try {
      return await answer(request, matched)
    } catch (error) {
      const response = errorResponse(error)
      if (response.status >= 500) logger.error({ err: error, target: request.target }, 'a request failed')
      return response
    }
  }
}

/** The answer to a method that no route at this path has (RFC 9110 section 15.5.6: 405 names the allowed ones). */
function withoutRoute<Parts>(method: string, routes: readonly Route<Parts>[]): FederationResponse {
  const allow = allowedMethods(routes).join(', ')
  if (method === 'OPTIONS') return optionsResponse(allow)
  return errorResponse(new FederationError('method_not_allowed', `Use one of: ${allow}.`), { allow })
}

function allowedMethods<Parts>(routes: readonly Route<Parts>[]): string[] {
  const methods: string[] = routes.map((route) => route.method)
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
}
