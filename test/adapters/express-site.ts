import { keepRawBody, mangaFederation } from '@manga-federation/express'
import type { Mount, MountOptions } from '@manga-federation/testing'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import type express5 from 'express'
import type express4 from 'express4'
import { listen } from './listen.ts'

/** The site of the suite on Express 4 or 5, whose types agree in what is used here. */
export function mountExpress(express: typeof express5 | typeof express4): Mount {
  return ({ federation, place, parser }) => {
    const app = (express as typeof express5)()
    app.use(ownHook)
    if (parser === 'keeps bytes') app.use(express.json({ verify: keepRawBody }))
    if (parser === 'keeps nothing') app.use(express.json())
    const middleware = mangaFederation(federation)
    mountAt(express as typeof express5, app, middleware, place)
    app.post('/own/echo', express.json(), (request, response) => void response.json(request.body))
    app.post('/own/upload', express.raw({ limit: '4mb' }), ({ body }, response) => {
      response.json({ bytes: (body as Buffer).byteLength })
    })
    app.get('/own/broken', () => {
      throw new Error('own fault')
    })
    app.use(ownNotFound, ownErrors)
    return listen(app, middleware.federation)
  }
}

function mountAt(
  express: typeof express5,
  app: express5.Express,
  middleware: RequestHandler,
  place: MountOptions['place'],
): void {
  if (place === 'root') return void app.use(middleware)
  app.use('/library', place === 'prefix' ? middleware : express().use(middleware))
  app.use('/.well-known', middleware)
}

const ownHook: RequestHandler = (request, response, next) => {
  if (request.path.startsWith('/own/')) response.set('x-own-hook', 'seen')
  next()
}

const ownNotFound: RequestHandler = (_request, response) => void response.status(404).send('site: nothing here')

const ownErrors: ErrorRequestHandler = (error: Error, _request, response, next) => {
  if (response.headersSent) return next(error)
  response.status(418).send(`site: ${error.message}`)
}
