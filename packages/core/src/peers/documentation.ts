import { ERROR_SCHEMA, type RouteDocumentation } from '../http/index.ts'

/** A body of one server name, for documentation. */
export const NAME_SCHEMA = {
  type: 'object',
  required: ['server_name'],
  properties: { server_name: { type: 'string' } },
} as const

/** How every route answers that only takes signed requests, for documentation. */
export const SIGNED_RESPONSES: RouteDocumentation['responses'] = {
  400: { description: 'The request is wrong', schema: ERROR_SCHEMA },
  401: { description: 'The signature of the request is missing or bad', schema: ERROR_SCHEMA },
  403: { description: 'The sender may not do that, or is not wanted', schema: ERROR_SCHEMA },
  413: { description: 'The body is too long', schema: ERROR_SCHEMA },
  429: { description: 'Come back after `Retry-After`', schema: ERROR_SCHEMA },
}
