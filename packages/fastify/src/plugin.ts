import { createFederation, FederationError, type Federation } from '@manga-federation/core'
import { type MangaFederationOptions, withEmbeddedStore } from '@manga-federation/sqlite'
import type { FastifyPluginAsync, FastifySchema, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { answer } from './answer.ts'
import { routeSchema } from './route-schema.ts'

export type { MangaFederationOptions } from '@manga-federation/sqlite'

/** Everything that Fastify routes: core answers 405 for what a path does not have. */
const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Keeps a route out of what `@fastify/swagger` lists. */
const UNDOCUMENTED: FastifySchema & { hide: true } = { hide: true }

declare module 'fastify' {
  interface FastifyInstance {
    /** This site's part of the Federated Manga network. */
    mangaFederation: Federation
  }
}

const plugin: FastifyPluginAsync<MangaFederationOptions> = async (app, options) => {
  refuseWrongPlace(app.prefix, app.hasDecorator('mangaFederation'))
  const federation = createFederation({ logger: app.log, ...withEmbeddedStore(options) })
  app.decorate('mangaFederation', federation)
  app.addHook('onReady', () => federation.start())
  app.addHook('onClose', () => federation.close())

  await app.register(async (scope) => {
    // Core reads bodies itself, as raw bytes, and validates what it reads: here both are only documented.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.setValidatorCompiler(() => () => true)
    scope.setSerializerCompiler(() => String)
    const handler = answer(federation)
    for (const [path, routes] of byPath(federation.routes)) {
      for (const { method, documentation } of routes) {
        scope.route({ method, url: path, schema: routeSchema(documentation), handler, exposeHeadRoute: false })
      }
      const others = METHODS.filter((method) => !routes.some((route) => route.method === method))
      scope.route({ method: others, url: path, schema: UNDOCUMENTED, handler })
      // Fastify takes a trailing slash for another path, unless the site set ignoreTrailingSlash.
      const withSlash = `${path}/`
      if (!path.endsWith('*') && !scope.hasRoute({ method: 'GET', url: withSlash })) {
        scope.route({ method: METHODS, url: withSlash, schema: UNDOCUMENTED, handler })
      }
    }
  })
}

function byPath(mounted: Federation['routes']): Map<string, Federation['routes'][number]['route'][]> {
  const paths = new Map<string, Federation['routes'][number]['route'][]>()
  for (const { route, path } of mounted) paths.set(path, [...(paths.get(path) ?? []), route])
  return paths
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
