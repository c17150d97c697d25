import assert from 'node:assert/strict'
import type { Exchange } from '@manga-federation/testing'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { openApiDocument, type Operation, type Response, SEGMENT_PARAMETER, SERVER_NAME_PARAMETER } from './document.ts'

/** Fails when an answer of the federation is not what the OpenAPI document says. */
export type ExchangeCheck = (exchanged: Exchange) => void

/** Builds the check from the document as it is generated now. */
export function createExchangeCheck(): ExchangeCheck {
  const { paths, components } = openApiDocument()
  const ajv = new Ajv2020({ strict: false })
  const templates = Object.entries(paths).map(([path, operations]) => ({ matches: matcherOf(path), operations }))
  const validators = new Map<object, ValidateFunction>()

  function validatorOf(schema: object): ValidateFunction {
    const validator = validators.get(schema) ?? ajv.compile(schema)
    validators.set(schema, validator)
    return validator
  }

  return (exchanged) => {
    const { method, target, status, headers, body } = exchanged
    const found = templates.find(({ matches }) => matches(target))
    // The site's own answers, and 204 to OPTIONS, have nothing to say.
    if (!found || headers['access-control-allow-origin'] === undefined || method === 'OPTIONS') return
    const response = responseOf(found.operations[method === 'HEAD' ? 'get' : method.toLowerCase()], status, components)
    const schema = response.content?.['application/json'].schema
    if (method === 'HEAD' || !schema) return assert.equal(body.byteLength, 0, `${method} ${target}: a body`)
    const validate = validatorOf(schema)
    assert.ok(
      validate(JSON.parse(body.toString())),
      `${method} ${target} ${status}: ${ajv.errorsText(validate.errors)}`,
    )
  }
}

/** What a method that the path does not have gets is an error too. */
function responseOf(
  operation: Operation | undefined,
  status: number,
  { responses }: { readonly responses: Record<string, Response> },
): Response {
  const found = operation?.responses[status]
  if (found && !('$ref' in found)) return found
  assert.ok(status >= 400, `${status} is not documented`)
  return responses['Error']!
}

/** Sites may lie under a prefix, and the API elsewhere: what counts is the end of the path. */
function matcherOf(path: string): (target: string) => boolean {
  const pattern = path
    .replace(/^\/v1/, '')
    .replaceAll('.', '\\.')
    .replace(SERVER_NAME_PARAMETER, '.+')
    .replace(SEGMENT_PARAMETER, '[^/]+')
  const expression = new RegExp(`${pattern}/?$`)
  return (target) => expression.test(target.split('?', 1)[0] ?? target)
}
