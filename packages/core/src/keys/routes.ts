import { type Route, serveDocument } from '../http/index.ts'
import type { OwnKeys } from './own-keys.ts'

const KEY_DOCUMENT_SCHEMA = {
  type: 'object',
  required: ['server_name', 'verify_keys', 'old_verify_keys', 'valid_until_ts', 'signatures'],
  properties: {
    server_name: { type: 'string' },
    verify_keys: {
      type: 'object',
      additionalProperties: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } },
    },
    old_verify_keys: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['key', 'expired_ts'],
        properties: { key: { type: 'string' }, expired_ts: { type: 'integer' } },
      },
    },
    valid_until_ts: { type: 'integer' },
    signatures: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
} as const

/** PROTOCOL section 5. */
export const keyRoutes: readonly Route<{ readonly keys: OwnKeys }>[] = [
  {
    method: 'GET',
    base: 'api',
    path: '/keys',
    documentation: {
      summary: 'The keys of this server',
      description: 'Signed by every key in `verify_keys`.',
      responses: { 200: { description: 'The key document', schema: KEY_DOCUMENT_SCHEMA } },
    },
    handle: async ({ keys }, { request }) => serveDocument(request, keys.document()),
  },
]
