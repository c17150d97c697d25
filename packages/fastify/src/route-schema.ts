import type { RouteDocumentation } from '@manga-federation/core'
import type { FastifySchema } from 'fastify'

/** What `@fastify/swagger` reads besides Fastify's own fields. */
interface DocumentedSchema extends FastifySchema {
  readonly summary: string
  readonly description?: string
  readonly tags: string[]
}

/** A route's documentation as a Fastify schema, so that `@fastify/swagger` lists it. */
export function routeSchema({
  summary,
  description,
  query,
  body,
  serverName,
  responses,
}: RouteDocumentation): DocumentedSchema {
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    tags: ['Manga federation'],
    ...(query ? { querystring: querySchema(query) } : {}),
    ...(body ? { body } : {}),
    ...(serverName === undefined
      ? {}
      : {
          params: {
            type: 'object',
            properties: { '*': { type: 'string', description: `${serverName}: its percent-encoded server name` } },
          },
        }),
    response: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        { description: response.description, ...(response.schema ?? { type: 'null' }) },
      ]),
    ),
  }
}

function querySchema(query: NonNullable<RouteDocumentation['query']>): object {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(query).map(([name, parameter]) => [
        name,
        { description: parameter.description, ...parameter.schema },
      ]),
    ),
    required: Object.entries(query).flatMap(([name, parameter]) => (parameter.required ? [name] : [])),
  }
}
