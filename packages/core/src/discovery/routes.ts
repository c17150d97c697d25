import { type Route, serveDocument } from '../http/index.ts'
import type { PublishedDocuments } from './published.ts'

/** PROTOCOL sections 3 and 4. */
export const discoveryRoutes: readonly Route<{ readonly published: PublishedDocuments }>[] = [
  {
    method: 'GET',
    base: 'site',
    path: '/.well-known/manga/servers',
    documentation: {
      summary: 'Where the catalog of this site is served',
      responses: {
        200: {
          description: 'The primary server and its load balancers',
          schema: {
            type: 'object',
            required: ['primary', 'load-balancers'],
            properties: {
              primary: { type: 'string' },
              'load-balancers': { type: 'array', items: { type: 'string' }, maxItems: 64 },
            },
          },
        },
      },
    },
    handle: ({ published }, { request }) => serveDocument(request, published.wellKnown),
  },
  {
    method: 'GET',
    base: 'api',
    path: '/federation/version',
    documentation: {
      summary: 'The software of this server and the extensions that it has',
      responses: {
        200: {
          description: 'Name, version and features',
          schema: {
            type: 'object',
            required: ['server', 'features'],
            properties: {
              server: {
                type: 'object',
                required: ['name', 'version'],
                properties: { name: { type: 'string' }, version: { type: 'string' } },
              },
              features: { type: 'array', items: { type: 'string' } },
            },
          },
        },
      },
    },
    handle: ({ published }, { request }) => serveDocument(request, published.version),
  },
]
