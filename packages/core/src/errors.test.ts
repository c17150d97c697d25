import { readFileSync } from 'node:fs'
import t from 'tap'
import { FEDERATION_ERROR_CODES, FederationError } from './errors.ts'

t.test('docs/errors.md lists every code with its status, and no other', (t) => {
  const documented = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap(
      (line) =>
        line
          .match(/^\| `(\w+)` +\| (\d+)/)
          ?.slice(1, 3)
          .join(' ') ?? [],
    )
  const table = FEDERATION_ERROR_CODES.map((code) => `${code} ${new FederationError(code, '').status}`)
  t.same(documented.toSorted(), table.toSorted())
  t.end()
})

t.test('an outsider sees what to mend below 500, and nothing above', (t) => {
  t.same(new FederationError('invalid_cursor', 'Begin again.').toWire(), {
    error_code: 'invalid_cursor',
    message: 'Begin again.',
  })
  t.match(new FederationError('store_damaged', '/srv/secret.db').toWire(), {
    error_code: 'internal',
    message: /operator/,
  })
  t.end()
})
