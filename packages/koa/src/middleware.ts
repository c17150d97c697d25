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

type RouterMiddleware = ReturnType<Router['routes']>

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
  const { router, quickRoutes } = routersOf(federation)
  const routes = router.routes()
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
    const path = pathOf(ctx.originalUrl)
    ctx.newRouterPath = path
    const route = quickRoutes.get(path) ?? routes
    return route(ctx as Parameters<typeof route>[0], next)
  }
  return Object.assign(middleware, { federation, router })
}

/**
 * One route a path: core tells methods apart, and reads what the path leaves open from the raw target. A router tries
 * its routes one after the other, so a path that leaves nothing open also has a router of its own.
 */
function routersOf(federation: Federation): { router: Router; quickRoutes: Map<string, RouterMiddleware> } {
  const router = new Router()
  const quickRoutes = new Map<string, RouterMiddleware>()
  const handle = (ctx: ParameterizedContext, next: Next): unknown => answer(federation, ctx, next)
  for (const path of new Set(federation.routes.map((mounted) => mounted.path))) {
    router.all(path.replace('*', '*serverName').replace('{id}', ':id'), handle)
    if (!/[*{]/.test(path)) quickRoutes.set(path, new Router().all(path, handle).routes())
  }
  return { router, quickRoutes }
}

function pathOf(target: string): string {
  const queryStart = target.indexOf('?')
  return queryStart < 0 ? target : target.slice(0, queryStart)
}
