import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { VARIABLES } from './settings.ts'

/** What a developer may have set on his own machine. */
const UNSET = Object.fromEntries(VARIABLES.map((name) => [name, '']))

/** Whether this Node reads TypeScript by itself: then a program starts ten times as fast as where the test runner compiles it. */
export const readsTypeScript: boolean = 'typescript' in process.features && process.features.typescript !== false

/** What Node must be told to run a source of this repository. */
export function nodeArguments(): readonly string[] {
  if (!readsTypeScript) return process.execArgv
  return [...process.execArgv.filter((argument) => argument.startsWith('--conditions')), '--no-warnings']
}

/** A site in a process of its own. */
export interface SiteProcess {
  readonly process: ChildProcess
  /** Exit code and signal. */
  readonly exited: Promise<unknown[]>
  /** All that it wrote to its standard error, when it has ended. */
  readonly errors: Promise<string>
  /** All that it wrote to its standard output so far. */
  printed(): string
  /** Where it listens, as soon as it does. Rejects when it ends before, with what it said. */
  listening(): Promise<string>
}

/**
 * Starts an example site as a program, and ends it with the test.
 *
 * @param main its program, `src/main.ts` of its folder.
 * @param variables its environment variables. Without `DATA_DIR` it keeps its data in the folder of the test.
 */
export function startSite(t: Test, main: URL, variables: Record<string, string>): SiteProcess {
  const dataDir = variables['DATA_DIR'] ?? t.testdir()
  const env = { ...process.env, ...UNSET, ...variables, DATA_DIR: dataDir }
  const command = [...nodeArguments(), fileURLToPath(main)]
  const site = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => site.kill('SIGKILL'))
  let printed = ''
  site.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
  const exited = once(site, 'exit')
  const errors = text(site.stderr)
  return {
    process: site,
    exited,
    errors,
    printed: () => printed,
    async listening() {
      if (printed === '') await Promise.race([once(site.stdout, 'data'), exited])
      const address = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(printed)?.[1]
      if (!address) throw new Error(`It does not listen. ${printed}${await errors}`)
      return address
    },
  }
}
