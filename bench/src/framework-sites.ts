import http, { type RequestListener } from 'node:http'
import { mangaFederation as onExpress } from '@manga-federation/express'
import { mangaFederation as onFastify, type FederationOptions } from '@manga-federation/fastify'
import { mangaFederation as onKoa } from '@manga-federation/koa'
import Router from '@koa/router'
import express from 'express'
import Fastify from 'fastify'
import Koa from 'koa'

/** What a site answers to its own route. */
const OWN_ANSWER = { hello: 'reader' }
export const OWN_ROUTE = '/own'

/** A path that is answered with the same bytes and headers each time. */
export interface Constant {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

/** What a site has besides its own route. */
export interface SiteParts {
  readonly federation?: FederationOptions
  readonly constants?: readonly Constant[]
}

/** Builds the same site on each framework, as its documentation tells to. */
export const FRAMEWORK_SITES: Readonly<Record<string, (parts: SiteParts) => Promise<RequestListener>>> = {
  Fastify: fastifySite,
  Koa: koaSite,
  Express: expressSite,
}

async function fastifySite({ federation, constants = [] }: SiteParts): Promise<RequestListener> {
  let listener: RequestListener | undefined
  const app = Fastify({
    serverFactory(handler) {
      listener = handler
      return http.createServer(handler)
    },
  })
  app.get(OWN_ROUTE, () => OWN_ANSWER)
  for (const { path, headers, bytes } of constants) {
    app.get(path, (_request, reply) => void reply.headers(headers).send(bytes))
  }
  if (federation) await app.register(onFastify, federation)
  await app.ready()
  return listener!
}

async function koaSite({ federation, constants = [] }: SiteParts): Promise<RequestListener> {
  const app = new Koa()
  const router = new Router()
  router.get(OWN_ROUTE, (ctx) => {
    ctx.body = OWN_ANSWER
  })
  for (const { path, headers, bytes } of constants) {
    router.get(path, (ctx) => {
      ctx.set(headers)
      ctx.body = bytes
    })
  }
  if (federation) app.use(onKoa(federation))
  const handle = app.use(router.routes()).callback()
  return (request, response) => void handle(request, response)
}

async function expressSite({ federation, constants = [] }: SiteParts): Promise<RequestListener> {
  const app = express()
  if (federation) app.use(onExpress(federation))
  app.get(OWN_ROUTE, (_request, response) => void response.json(OWN_ANSWER))
  for (const { path, headers, bytes } of constants) {
    app.get(path, (_request, response) => void response.writeHead(200, headers).end(bytes))
  }
  return app
}
