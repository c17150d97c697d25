import Router from '@koa/router'
import { consoleLogger, createFederation, type Federation, unreachableAt } from '@manga-federation/core'
import { type MangaFederationOptions, withEmbeddedStore } from '@manga-federation/sqlite'
import type { Middleware, Next, ParameterizedContext } from 'koa'
import { answer } from './answer.ts'

export type { MangaFederationOptions } from '@manga-federation/sqlite'

declare module 'koa' {
  interface DefaultState {
    /** This site's part of the Federated Manga network. */
    mangaFederation: Federation
  }
}

/** Koa middleware that carries the federation that it serves. */
export interface MangaFederationMiddleware extends Middleware {
  /** Starts with the first request that is its own unless the site called `start()`; the site calls `close()`. */
  readonly federation: Federation
  /** The routes as `@koa/router` has them, for what walks routers: tracing, listings. */
  readonly router: Router
}

/**
 * Koa middleware: `app.use(mangaFederation({ serverName, catalog }))` joins the Federated Manga network.
 *
 * Use it at the root of the site and before body parsers. In middleware and routes behind it,
 * `ctx.state.mangaFederation.catalog.changed(...)` tells of changes.
 *
 * @throws FederationError `invalid_server_name` or `invalid_option`.
 */
export function mangaFederation(options: MangaFederationOptions): MangaFederationMiddleware {
  const logger = options.logger ?? consoleLogger
  const federation = createFederation({ ...withEmbeddedStore(options), logger })
  const router = routerOf(federation)
  const route = router.routes()
  let placeIsKnown = false

  function tellWrongPlace(prefix: string): void {
    placeIsKnown = true
    const problem = unreachableAt(prefix, federation.routes)
    if (problem !== undefined) logger.error({ prefix }, problem)
  }

  const middleware: Middleware = (ctx, next) => {
    // koa-mount says where it is; nothing is said at the root.
    if (!placeIsKnown) tellWrongPlace((ctx['mountPath'] as string | undefined) ?? '')
    ctx.state.mangaFederation = federation
    if (!federation.owns(ctx.originalUrl)) return next()
    // The path as it came: koa-mount takes its prefix off ctx.path.
    ctx.newRouterPath = pathOf(ctx.originalUrl)
    return route(ctx as Parameters<typeof route>[0], next)
  }
  return Object.assign(middleware, { federation, router })
}

/** One route a path: core tells methods apart, and reads the server name behind `*` from the raw target. */
function routerOf(federation: Federation): Router {
  const router = new Router()
  const paths = new Set(federation.routes.map(({ path }) => path.replace(/\*$/, '*serverName')))
  for (const path of paths) {
    router.all(path, (ctx: ParameterizedContext, next: Next) => answer(federation, ctx, next))
  }
  return router
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? target
}
