import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { VARIABLES } from 'manga-federation-example-shared'

/** How long a site has to end in order. */
const END_MS = 5000

/** An example site in a process of its own. */
export interface SiteProcess {
  isAlive(): boolean
  /** Ends it in the middle of whatever it does, as a power cut would. */
  kill(): Promise<void>
  /** Asks it to end, and waits for that. */
  end(): Promise<void>
}

/** What a site is started with. */
export interface SiteProcessOptions {
  /** Its folder in `examples/`. */
  readonly folder: string
  /** Its environment variables; none are taken over from outside. */
  readonly variables: Readonly<Partial<Record<(typeof VARIABLES)[number], string>>>
  /** An existing folder, for its data and for what it says of errors. */
  readonly dataDir: string
  /** Told each line that it prints after the one that says where it listens. */
  readonly onLine: (line: string) => void
}

/**
 * Starts an example site, and waits until it listens.
 *
 * @throws Error with what it said, when it ends before.
 */
export async function startSite({ folder, variables, dataDir, onLine }: SiteProcessOptions): Promise<SiteProcess> {
  const main = fileURLToPath(new URL(`../../${folder}/src/main.ts`, import.meta.url))
  const none = Object.fromEntries(VARIABLES.map((name) => [name, '']))
  const child = spawn(process.execPath, [...process.execArgv, main], {
    env: { ...process.env, ...none, ...variables, DATA_DIR: dataDir, NEWS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errorFile = join(dataDir, 'errors.log')
  const errors = child.stderr.pipe(createWriteStream(errorFile))
  const lines = createInterface({ input: child.stdout })
  const exited = once(child, 'exit')
  const listening = new Promise<void>((resolve) => {
    lines.on('line', (line) => (line.startsWith('listening on ') ? resolve() : onLine(line)))
  })
  const isRunning = await Promise.race([listening.then(() => true), exited.then(() => false)])
  if (!isRunning) {
    // The folder may be gone before anybody can look into it.
    await finished(errors)
    throw new Error(`The site examples/${folder} did not start. It said: ${await readFile(errorFile, 'utf8')}`)
  }
  return {
    isAlive: () => isRunningStill(child),
    async kill() {
      if (isRunningStill(child)) child.kill('SIGKILL')
      await exited
    },
    async end() {
      if (isRunningStill(child)) child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), END_MS)
      await exited
      clearTimeout(late)
    },
  }
}

function isRunningStill({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}
