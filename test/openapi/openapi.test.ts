import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { OPENAPI_FILE, openApiText } from './file.ts'

const redoclyFolder = dirname(createRequire(import.meta.url).resolve('@redocly/cli/package.json'))

t.test('docs/openapi.yaml is what the route table says', async (t) => {
  t.equal(await readFile(OPENAPI_FILE, 'utf8'), openApiText(), 'write it anew with: pnpm run openapi')
})

t.test('Redocly finds nothing wrong with it', async (t) => {
  const cli = join(redoclyFolder, 'bin/cli.js')
  const file = fileURLToPath(OPENAPI_FILE)
  const environment = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [cli, 'lint', file, '--extends', 'recommended', '--max-problems', '20', '--format', 'json'],
    { env: environment },
  )
  const { totals } = JSON.parse(stdout) as { totals: { errors: number; warnings: number } }
  t.match(totals, { errors: 0, warnings: 0 }, stdout + stderr)
})
