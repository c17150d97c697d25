/** The body of every error (PROTOCOL section 8), for documentation. */
export const ERROR_SCHEMA = {
  type: 'object',
  required: ['error_code', 'message'],
  properties: { error_code: { type: 'string' }, message: { type: 'string' } },
} as const
