import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** What a developer may have set on his own machine. */
const UNSET = { SERVER_NAME: '', CATALOG: '', ALLOW_INSECURE: '', ADMIN_PASSWORD: '' }

/** Starts the site in a process of its own, with these variables. */
function start(t: Test, variables: Record<string, string>) {
  const env = { ...process.env, ...UNSET, DATA_DIR: t.testdir(), ...variables }
  const site = spawn(process.execPath, [...process.execArgv, MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => site.kill('SIGKILL'))
  const exited = once(site, 'exit')
  return { site, exited, errors: text(site.stderr) }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`The site says once where it listens, serves, and ends in order at ${signal}`, async (t) => {
    const { site, exited, errors } = start(t, { PORT: '0' })
    let printed = ''
    site.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
    await Promise.race([once(site.stdout, 'data'), exited])

    const address = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(printed)?.[1]
    if (!address) throw new Error(`It does not listen. ${printed}${await errors}`)
    t.equal((await fetch(`${address}/`)).status, 200)
    t.strictSame(await (await fetch(`${address}/.well-known/manga/servers`)).json(), {
      primary: `${address}/v1`,
      'load-balancers': [],
    })

    site.kill(signal)
    t.strictSame(await exited, [0, null])
    t.equal(printed, `listening on ${address}\n`, 'and prints nothing else')
  })
}

t.test('A wrong variable ends the start with one sentence', async (t) => {
  const { exited, errors } = start(t, { PORT: 'http' })
  t.strictSame(await exited, [1, null])
  t.equal(await errors, 'PORT is "http", but it must be a whole number from 0 to 65535 (0 picks a free one).\n')
})
