import type { RouteDocumentation } from '@manga-federation/core'

/** A route's documentation as a Fastify schema, so that `@fastify/swagger` lists it. */
export function routeSchema(documentation: RouteDocumentation): object {
  const { summary, description, query, body, serverName, segment, responses } = documentation
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    tags: ['Manga federation'],
    ...(serverName ? { params: textSchema('server_name', `${serverName}: its server name`) } : {}),
    ...(segment ? { params: textSchema('id', segment) } : {}),
    ...(query ? { querystring: parametersSchema(query) } : {}),
    ...(body ? { body } : {}),
    response: Object.fromEntries(
      Object.entries(responses).map(([status, { description: what, schema = { type: 'null' } }]) => [
        status,
        { description: what, ...schema },
      ]),
    ),
  }
}

function textSchema(name: string, description: string): object {
  return parametersSchema({ [name]: { description, schema: { type: 'string' } } })
}

function parametersSchema(parameters: NonNullable<RouteDocumentation['query']>): object {
  const entries = Object.entries(parameters)
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([name, { description, schema }]) => [name, { description, ...schema }]),
    ),
    required: entries.flatMap(([name, { required }]) => (required ? [name] : [])),
  }
}
