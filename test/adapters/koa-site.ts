import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import { mangaFederation } from '@manga-federation/koa'
import type { Mount, MountOptions } from '@manga-federation/testing'
import Koa, { type Middleware } from 'koa'
import mountUnder from 'koa-mount'
import { listen } from './listen.ts'

/** What Koa's parsers do in their own way. */
export const KOA_WITHOUT = {
  'keeps chunked bytes': '@koa/bodyparser keeps text, and only the length shows that it left nothing out',
} as const

/** The site of the suite on Koa. */
export const mountKoa: Mount = ({ federation, place, parser }) => {
  const app = new Koa()
  app.silent = true
  app.use(ownHook).use(ownErrors).use(ownNotFound)
  if (parser === 'keeps bytes') app.use(bodyParser())
  if (parser === 'keeps nothing') app.use(forgetfulParser)
  const middleware = mangaFederation(federation)
  mountAt(app, middleware, place)
  app.use(bodyParser()).use(ownRoutes())
  const handle = app.callback()
  return listen((request, response) => void handle(request, response), middleware.federation)
}

function mountAt(app: Koa, middleware: Middleware, place: MountOptions['place']): void {
  if (place === 'root') return void app.use(middleware)
  app.use(mountUnder('/library', place === 'prefix' ? middleware : new Koa().use(middleware)))
  app.use(mountUnder('/.well-known', middleware))
}

const ownHook: Middleware = async (ctx, next) => {
  if (ctx.path.startsWith('/own/')) ctx.set('x-own-hook', 'seen')
  await next()
}

const ownErrors: Middleware = async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    ctx.status = 418
    ctx.body = `site: ${(error as Error).message}`
  }
}

const ownNotFound: Middleware = async (ctx, next) => {
  await next()
  if (ctx.status !== 404 || ctx.body) return
  ctx.status = 404
  ctx.body = 'site: nothing here'
}

const forgetfulParser: Middleware = async (ctx, next) => {
  ctx.request.body = JSON.parse((await bytesOf(ctx.req)).toString() || '{}')
  await next()
}

function ownRoutes(): Middleware {
  const router = new Router()
  router.post('/own/echo', (ctx) => {
    ctx.body = ctx.request.body
  })
  router.post('/own/upload', async (ctx) => {
    ctx.body = { bytes: (await bytesOf(ctx.req)).byteLength }
  })
  router.get('/own/broken', () => {
    throw new Error('own fault')
  })
  return router.routes() as Middleware
}

async function bytesOf(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
