import { mangaFederation } from '@manga-federation/fastify'
import type { Mount } from '@manga-federation/testing'
import Fastify from 'fastify'
import { urlOf } from './listen.ts'

/** What Fastify does in its own way. */
export const FASTIFY_WITHOUT = {
  prefix: 'on Fastify a prefixed instance cannot serve at the root, so the plugin refuses one',
  'sub-app': 'on Fastify a prefixed instance cannot serve at the root, so the plugin refuses one',
  'raw targets': 'Fastify itself refuses a path that cannot be decoded',
  'keeps bytes': 'on Fastify the parsers of the site do not reach the adapter',
} as const

/** The site of the suite on Fastify. */
export const mountFastify: Mount = async ({ federation, parser }) => {
  const app = Fastify({ forceCloseConnections: 'idle' })
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/own/')) reply.header('x-own-hook', 'seen')
  })
  if (parser === 'keeps nothing') {
    app.addHook('preParsing', async (request) => {
      for await (const _chunk of request.raw.iterator({ destroyOnReturn: false }));
    })
  }
  app.setErrorHandler(async (error: Error, _request, reply) => reply.code(418).send(`site: ${error.message}`))
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('site: nothing here'))
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: 4 * 1024 * 1024 },
    async (_request: unknown, body: Buffer) => body,
  )
  app.post('/own/echo', async (request) => request.body)
  app.post('/own/upload', async (request) => ({ bytes: (request.body as Buffer).byteLength }))
  app.get('/own/broken', async () => Promise.reject(new Error('own fault')))
  await app.register(mangaFederation, federation)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { url: urlOf(app.server), federation: app.mangaFederation, close: () => app.close() }
}
