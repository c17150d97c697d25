import { createFederation, FederationError, type Federation, type FederationOptions } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import type { FastifyPluginAsync, FastifySchema, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { answer } from './answer.ts'
import { routeSchema } from './route-schema.ts'

/** The federation's file when the site names no other. */
const DEFAULT_DATABASE_PATH = 'manga-federation.db'

/** Everything that Fastify routes besides GET: core answers 405 for what a path does not have. */
const OTHER_METHODS: HTTPMethods[] = ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Keeps a route out of what `@fastify/swagger` lists. */
const UNDOCUMENTED: FastifySchema & { hide: true } = { hide: true }

/** The options of `createFederation`; the store and the logger have defaults. */
export interface MangaFederationOptions extends Omit<FederationOptions, 'store'> {
  /** Opens another store than the embedded one. Default is an SQLite file at `databasePath`. */
  readonly store?: FederationOptions['store']
  /** Where the embedded store keeps its file. Default is `manga-federation.db` in the working directory. */
  readonly databasePath?: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** This site's part of the Federated Manga network. */
    mangaFederation: Federation
  }
}

const plugin: FastifyPluginAsync<MangaFederationOptions> = async (app, options) => {
  refuseWrongPlace(app.prefix, app.hasDecorator('mangaFederation'))
  const { databasePath = DEFAULT_DATABASE_PATH, ...rest } = options
  const federation = createFederation({
    store: () => openSqliteStore({ path: databasePath }),
    logger: app.log,
    ...rest,
  })
  app.decorate('mangaFederation', federation)
  app.addHook('onReady', () => federation.start())
  app.addHook('onClose', () => federation.close())

  await app.register(async (scope) => {
    // Core reads bodies itself, as raw bytes, and validates what it reads: here both are only documented.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.setValidatorCompiler(() => () => true)
    scope.setSerializerCompiler(() => String)
    for (const { route, path } of federation.routes) {
      const handler = answer(federation)
      scope.route({
        method: route.method,
        url: path,
        schema: routeSchema(route.documentation),
        handler,
        exposeHeadRoute: false,
      })
      scope.route({ method: OTHER_METHODS, url: path, schema: UNDOCUMENTED, handler })
    }
  })
}

function refuseWrongPlace(prefix: string, registeredBefore: boolean): void {
  if (registeredBefore) {
    throw new FederationError('invalid_option', 'mangaFederation is registered twice on this site; register it once.')
  }
  if (prefix !== '') {
    throw new FederationError(
      'invalid_option',
      `mangaFederation was registered under the prefix ${prefix}, but it serves /.well-known/manga/servers at the ` +
        'root: register it on the root instance. The path of its API is that of serverName.',
    )
  }
}

/**
 * Fastify plugin: `await app.register(mangaFederation, { serverName, catalog })` joins the Federated Manga network.
 *
 * Afterwards `app.mangaFederation.catalog.changed(...)` tells of changes. The federation starts with `app.ready()`
 * and ends with `app.close()`.
 */
export const mangaFederation: FastifyPluginAsync<MangaFederationOptions> = fp(plugin, {
  fastify: '5.x',
  name: '@manga-federation/fastify',
})
