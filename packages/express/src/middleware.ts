import type { ServerResponse } from 'node:http'
import { consoleLogger, createFederation, type Federation, unreachableAt } from '@manga-federation/core'
import { type MangaFederationOptions, withEmbeddedStore } from '@manga-federation/sqlite'
import { answer } from './answer.ts'
import type { ExpressRequest } from './request.ts'

export type { MangaFederationOptions } from '@manga-federation/sqlite'

declare global {
  namespace Express {
    interface Locals {
      /** This site's part of the Federated Manga network: `res.locals.mangaFederation`. */
      mangaFederation: Federation
    }
  }
}

/** Middleware of Express 4 and 5, as both type it. */
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ServerResponse & { locals: Record<string, unknown> },
  next: (error?: unknown) => void,
) => void

/** Express middleware that carries the federation that it serves. */
export interface MangaFederationMiddleware extends ExpressMiddleware {
  /** Starts with the first request that is its own unless the site called `start()`; the site calls `close()`. */
  readonly federation: Federation
}

/**
 * Express middleware: `app.use(mangaFederation({ serverName, catalog }))` joins the Federated Manga network.
 *
 * Use it at the root of the site and before body parsers. In middleware and routes behind it,
 * `res.locals.mangaFederation.catalog.changed(...)` tells of changes.
 *
 * @throws FederationError `invalid_server_name` or `invalid_option`.
 */
export function mangaFederation(options: MangaFederationOptions): MangaFederationMiddleware {
  const logger = options.logger ?? consoleLogger
  const federation = createFederation({ ...withEmbeddedStore(options), logger })
  let placeIsKnown = false

  function tellWrongPlace(prefix: string): void {
    placeIsKnown = true
    const problem = unreachableAt(prefix, federation.routes)
    if (problem !== undefined) logger.error({ prefix }, problem)
  }

  const middleware: ExpressMiddleware = (request, response, next) => {
    if (!placeIsKnown) tellWrongPlace(request.baseUrl)
    response.locals['mangaFederation'] = federation
    if (!federation.owns(request.originalUrl)) return next()
    answer(federation, request, response, next)
  }
  return Object.assign(middleware, { federation })
}
