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
  // What stays open would hold up the closing.
  app.addHook('preClose', async () => federation.endStreams())
  app.addHook('onClose', () => federation.close())

  await app.register(async (scope) => {
    // Core reads bodies itself, as raw bytes, and validates what it reads: here both are only documented.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.setValidatorCompiler(() => () => true)
    scope.setSerializerCompiler(() => String)
    const handler = answer(federation)
    for (const { route, path } of federation.routes) {
      const schema = routeSchema(route.documentation)
      scope.route({ method: route.method, url: listedPath(path), schema, handler, exposeHeadRoute: false })
    }
    for (const url of federation.routes.flatMap(({ path }) => [listedPath(path), pathBeside(path)])) {
      const others = METHODS.filter((method) => !scope.hasRoute({ method, url }))
      if (others.length > 0) scope.route({ method: others, url, schema: UNDOCUMENTED, handler })
    }
  })
}

/**
 * A path as `@fastify/swagger` lists it. Where it has an open part no request comes this way: Fastify ends parameters
 * at a slash and limits their length, so the requests come by a wildcard, which several paths may share.
 */
function listedPath(path: string): string {
  return path.replace('*', ':server_name(^$)').replace('{id}', ':id(^$)')
}

/** Fastify takes a trailing slash for another path, unless the site set ignoreTrailingSlash. */
function pathBeside(path: string): string {
  return /[*{]/.test(path) ? path.replace(/[*{].*$/, '*') : `${path}/`
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
